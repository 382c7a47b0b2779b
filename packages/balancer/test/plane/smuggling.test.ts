import { describe, expect, it } from "vitest";
import { echoOrigin, rawOrigin, rig } from "./support/raw.ts";

const EVIL = "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n";
const H = "Host: a\r\n";

/** Name, status, bytes sent. Nothing of these may reach a server, and the connection must close. */
const REFUSED: readonly (readonly [string, number, string])[] = [
  [
    "both Content-Length and Transfer-Encoding",
    400,
    `POST / HTTP/1.1\r\n${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${EVIL}`,
  ],
  [
    "the same in the other order",
    400,
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${EVIL}`,
  ],
  ["two different lengths", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 0\r\nContent-Length: 44\r\n\r\n${EVIL}`],
  ["two equal lengths", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody`],
  ["a listed length", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 4, 4\r\n\r\nbody`],
  ["a length with a plus sign", 400, `POST / HTTP/1.1\r\n${H}Content-Length: +4\r\n\r\nbody`],
  ["a negative length", 400, `POST / HTTP/1.1\r\n${H}Content-Length: -1\r\n\r\n`],
  ["a tab behind a length", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 4\t\r\n\r\nbody`],
  ["a tab behind a coding", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked \t\r\n\r\n0\r\n\r\n`],
  ["a hexadecimal length", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 0x4\r\n\r\nbody`],
  ["an empty length", 400, `POST / HTTP/1.1\r\n${H}Content-Length:\r\n\r\n`],
  ["a length with a space inside", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 4 4\r\n\r\nbody`],
  ["a length beyond exact numbers", 400, `POST / HTTP/1.1\r\n${H}Content-Length: 99999999999999999999\r\n\r\n`],
  ["a length in full-width digits", 400, `POST / HTTP/1.1\r\n${H}Content-Length: \xef\xbc\x94\r\n\r\nbody`],
  ["an unknown coding", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ["identity", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n${EVIL}`],
  ["gzip before chunked", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ["chunked before identity", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
  ["chunked twice in a list", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`],
  [
    "chunked twice in fields",
    400,
    `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["chunked with a parameter", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n`],
  ["quoted chunked", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`],
  ["an empty coding", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n\r\n${EVIL}`],
  ["a coding behind a vertical tab", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
  ["Transfer-Encoding in HTTP/1.0", 400, `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a space before the colon", 400, `POST / HTTP/1.1\r\n${H}Content-Length : 4\r\n\r\nbody`],
  ["a tab before the colon", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n`],
  ["a folded field", 400, `POST / HTTP/1.1\r\n${H}X: 1\r\n Content-Length: 4\r\n\r\nbody`],
  ["a folded coding", 400, `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
  ["white space before the first field", 400, `GET / HTTP/1.1\r\n ${H}\r\n`],
  ["bare LF in the head", 400, `GET / HTTP/1.1\nHost: a\n\n`],
  ["bare LF after a field", 400, `GET / HTTP/1.1\r\n${H}X: 1\nY: 2\r\n\r\n`],
  ["bare CR in a value", 400, `GET / HTTP/1.1\r\n${H}X: 1\rContent-Length: 9\r\n\r\n`],
  ["bare CR for the empty line", 400, `GET / HTTP/1.1\r\n${H}\r\r\n\r\n`],
  ["NUL in a value", 400, `GET / HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`],
  ["NUL in a name", 400, `GET / HTTP/1.1\r\n${H}X\0: a\r\n\r\n`],
  ["DEL in a value", 400, `GET / HTTP/1.1\r\n${H}X: a\x7fb\r\n\r\n`],
  ["a name with a byte above 127", 400, `GET / HTTP/1.1\r\n${H}X\xa0: a\r\n\r\n`],
  ["a line without a colon", 400, `GET / HTTP/1.1\r\n${H}Transfer-Encoding chunked\r\n\r\n`],
  ["an empty name", 400, `GET / HTTP/1.1\r\n${H}: a\r\n\r\n`],
  ["no Host in HTTP/1.1", 400, "GET / HTTP/1.1\r\n\r\n"],
  ["Host twice", 400, `GET / HTTP/1.1\r\n${H}Host: b\r\n\r\n`],
  ["Host twice in HTTP/1.0", 400, `GET / HTTP/1.0\r\n${H}Host: a\r\n\r\n`],
  ["an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"],
  ["a Host with a path", 400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"],
  ["a Host with user information", 400, "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"],
  ["two hosts in one Host", 400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"],
  ["a Host with a bad port", 400, "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n"],
  ["a port beyond 65535", 400, "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n"],
  ["an absolute target without Host", 400, "GET http://a/ HTTP/1.1\r\n\r\n"],
  ["an absolute target with user information", 400, `GET http://u@a/ HTTP/1.1\r\n${H}\r\n`],
  ["an absolute target of another scheme", 400, `GET ftp://a/ HTTP/1.1\r\n${H}\r\n`],
  ["a target without a slash", 400, `GET evil HTTP/1.1\r\n${H}\r\n`],
  ["a target with a fragment", 400, `GET /a#b HTTP/1.1\r\n${H}\r\n`],
  ["a target with a byte above 127", 400, `GET /\xe9 HTTP/1.1\r\n${H}\r\n`],
  ["a target with a control byte", 400, `GET /\x01 HTTP/1.1\r\n${H}\r\n`],
  ["a star for GET", 400, `GET * HTTP/1.1\r\n${H}\r\n`],
  ["two spaces in the request line", 400, `GET  / HTTP/1.1\r\n${H}\r\n`],
  ["a space after the version", 400, `GET / HTTP/1.1 \r\n${H}\r\n`],
  ["a tab in the request line", 400, `GET\t/ HTTP/1.1\r\n${H}\r\n`],
  ["no version", 400, `GET /\r\n\r\n`],
  ["a version in lower case", 400, `GET / http/1.1\r\n${H}\r\n`],
  ["a version of one more digit", 400, `GET / HTTP/1.11\r\n${H}\r\n`],
  ["HTTP/2.0", 505, `GET / HTTP/2.0\r\n${H}\r\n`],
  ["HTTP/1.2", 505, `GET / HTTP/1.2\r\n${H}\r\n`],
  ["the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a method in lower case", 501, `get / HTTP/1.1\r\n${H}\r\n`],
  ["a method that nobody knows", 501, `EVIL / HTTP/1.1\r\n${H}\r\n`],
  ["a method with a bad byte", 400, `GE(T / HTTP/1.1\r\n${H}\r\n`],
  ["CONNECT", 405, `CONNECT a:443 HTTP/1.1\r\n${H}\r\n`],
  ["TRACE", 405, `TRACE / HTTP/1.1\r\n${H}\r\n`],
  ["a TLS client hello", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
  ["Connection naming Host", 400, `GET / HTTP/1.1\r\n${H}Connection: close, Host\r\n\r\n`],
  ["Connection naming Cookie", 400, `GET / HTTP/1.1\r\n${H}Cookie: a=b\r\nConnection: cookie\r\n\r\n`],
  ["Connection naming X-Forwarded-For", 400, `GET / HTTP/1.1\r\n${H}Connection: X-Forwarded-For\r\n\r\n`],
  ["Connection naming Forwarded", 400, `GET / HTTP/1.1\r\n${H}Connection: keep-alive, forwarded\r\n\r\n`],
  ["Connection naming X-Real-IP", 400, `GET / HTTP/1.1\r\n${H}X-Real-IP: 1\r\nConnection: x-real-ip\r\n\r\n`],
  [
    "Connection naming any X-Forwarded field",
    400,
    `GET / HTTP/1.1\r\n${H}X-Forwarded-Prefix: 1\r\nConnection: x-forwarded-prefix\r\n\r\n`,
  ],
  [
    "Connection naming Content-Length",
    400,
    `POST / HTTP/1.1\r\n${H}Content-Length: 4\r\nConnection: content-length\r\n\r\nbody`,
  ],
  ["an expectation we do not know", 417, `POST / HTTP/1.1\r\n${H}Expect: 200-ok\r\nContent-Length: 4\r\n\r\nbody`],
  ["a cookie of 64 KB", 431, `GET / HTTP/1.1\r\n${H}Cookie: a=${"x".repeat(65_536)}\r\n\r\n`],
  ["too many fields", 431, `GET / HTTP/1.1\r\n${H}${"A: b\r\n".repeat(101)}\r\n`],
  ["a target that is too long", 414, `GET /${"x".repeat(8_200)} HTTP/1.1\r\n${H}\r\n`],
];

/** Name, body after a chunked head. The head may have left already; nothing behind the fault may. */
const BROKEN_BODIES: readonly (readonly [string, string])[] = [
  ["no digits in a chunk size", `\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a chunk size with 0x", `0x4\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a signed chunk size", `+4\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a negative chunk size", `-4\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a chunk size with leading space", ` 4\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a chunk size with trailing space", `4 \r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a chunk size of nine digits", `000000004\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["an underscore in a chunk size", `0_4\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["bare LF after a chunk size", `4\nbody\r\n0\r\n\r\n${EVIL}`],
  ["bare CR after a chunk size", `4\rXbody\r\n0\r\n\r\n${EVIL}`],
  ["a chunk longer than its size", `4\r\nbodyX\r\n0\r\n\r\n${EVIL}`],
  ["another byte for the CR after a chunk", `4\r\nbodyX\n0\r\n\r\n${EVIL}`],
  ["bare LF after a chunk", `4\r\nbody\n0\r\n\r\n${EVIL}`],
  ["an extension with bare LF", `4;a\nb\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["an extension with a control byte", `4;a=\x01\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["an empty extension", `4;\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["an extension that never ends", `4;${"a".repeat(5_000)}\r\nbody\r\n0\r\n\r\n${EVIL}`],
  ["a trailer that frames", `0\r\nContent-Length: 44\r\n\r\n${EVIL}`],
  ["a trailer that codes", `0\r\nTransfer-Encoding: chunked\r\n\r\n${EVIL}`],
  ["a trailer that routes", `0\r\nHost: evil\r\n\r\n${EVIL}`],
  ["a folded trailer", `0\r\nX: 1\r\n 2\r\n\r\n${EVIL}`],
  ["a trailer with bare LF", `0\r\nX: 1\n\r\n${EVIL}`],
  ["bare LF after the last chunk", `0\n\n${EVIL}`],
];

describe("what must not reach a server", () => {
  it.each(REFUSED)("%s: %i", async (_, status, bytes) => {
    const origin = await echoOrigin();
    const { client, plane, events, director } = await rig([origin.port]);
    const raw = await client();
    raw.write(bytes);
    const { head, body } = await raw.message();
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(head).toContain("\r\nConnection: close\r\n");
    expect(body).toMatch(/^HTTP_[A-Z_]+: /);
    expect(await raw.rest()).toBe("");
    expect(origin.connections).toHaveLength(0);
    expect(director.begun).toBe(0);
    expect(plane.counters.refusedTotal).toBe(1);
    expect(events).toMatchObject([{ kind: "refused", status }]);
  });

  it.each(BROKEN_BODIES)("%s", async (_, body) => {
    const origin = await rawOrigin();
    const { client, director } = await rig([origin.port]);
    const raw = await client();
    raw.write(`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n${body}`);
    expect((await raw.message()).head).toMatch(/^HTTP\/1\.1 4(?:00|31) .*\r\n(?:.*\r\n)*Connection: close\r\n/);
    expect(await raw.rest()).toBe("");
    const server = await origin.connection(0);
    const got = await server.rest();
    expect(got).not.toContain("evil");
    expect(got).not.toContain("0\r\n\r\n");
    expect(origin.connections).toHaveLength(1);
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "client-abort" } }]);
  });

  it("a Content-Length body keeps what follows it in the next request", async () => {
    const origin = await echoOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.write(`POST /one HTTP/1.1\r\n${H}Content-Length: ${EVIL.length}\r\n\r\n${EVIL}GET /two HTTP/1.1\r\n${H}\r\n`);
    await raw.message();
    await raw.message();
    expect(origin.requests.map((request) => request.split(" ")[1])).toEqual(["/one", "/two"]);
    expect(origin.requests[0]?.endsWith(EVIL)).toBe(true);
  });

  it("a GET with a body is framed as it says", async () => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    await ask(`GET / HTTP/1.1\r\n${H}Content-Length: ${EVIL.length}\r\n\r\n${EVIL}`);
    expect(origin.requests).toHaveLength(1);
    expect(origin.requests[0]).toContain(`\r\nContent-Length: ${EVIL.length}\r\n`);
  });

  it("leading zeros of a length do not leave", async () => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    await ask(`POST / HTTP/1.1\r\n${H}Content-Length: 004\r\n\r\nbody`);
    expect(origin.requests[0]).toContain("\r\nContent-Length: 4\r\n");
    expect(origin.requests[0]).not.toContain("004");
  });

  it("chunk extensions do not leave", async () => {
    const origin = await rawOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.write(`POST / HTTP/1.1\r\n${H}Transfer-Encoding: Chunked\r\n\r\n4;a=b;c\r\nbody\r\n000\r\n\r\n`);
    const server = await origin.connection(0);
    expect(await server.until("0\r\n\r\n")).toMatch(/\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n$/);
  });

  it("empty lines before a request are skipped", async () => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    expect(await ask(`\r\n\r\nGET / HTTP/1.1\r\n${H}\r\n`)).toContain("200 OK");
    expect(origin.requests[0]).toMatch(/^GET /);
  });

  it("a refused request ends what was pipelined behind it", async () => {
    const origin = await echoOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.write(`GET /one HTTP/1.1\r\n${H}\r\nGET /two HTTP/1.1\r\nHost : a\r\n\r\n${EVIL}`);
    expect((await raw.message()).head).toContain("200 OK");
    expect((await raw.message()).head).toContain("400 Bad Request");
    expect(await raw.rest()).toBe("");
    expect(origin.requests).toHaveLength(1);
  });

  it("a 405 names the methods that are allowed", async () => {
    const { ask } = await rig([]);
    expect(await ask(`TRACE / HTTP/1.1\r\n${H}\r\n`)).toContain("\r\nAllow: GET, HEAD, POST");
  });
});

/** Name, the server's bytes, and what the log must say. */
const BROKEN_SERVERS: readonly (readonly [string, string])[] = [
  ["garbage", "garbage\r\n\r\n"],
  ["a bare LF head", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok"],
  ["both framings", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok"],
  ["a listed length", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"],
  ["an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
  ["a coding in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
  ["a coding on 204", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"],
  ["a folded field", "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok"],
  ["a control byte in the reason", "HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok"],
  ["CR in a value", "HTTP/1.1 200 OK\r\nSet-Cookie: a\rb\r\nContent-Length: 2\r\n\r\nok"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok"],
  ["another version", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok"],
  ["a head without an end", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`],
  ["a head of a megabyte", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(1_048_576)}\r\n\r\n`],
  ["too many fields", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(101)}\r\n`],
];

describe("a broken server", () => {
  it.each(BROKEN_SERVERS)(
    "that answers %s: 502, the connection is not used again, the event names it",
    async (_, bytes) => {
      const origin = await echoOrigin(bytes);
      const { ask, events, director, plane, runtime } = await rig([origin.port]);
      const response = await ask(`GET / HTTP/1.1\r\n${H}\r\n`);
      expect(response).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
      expect(response).toContain("SERVER_RESPONSE_INVALID");
      expect(events).toMatchObject([{ kind: "server-failed", pool: "shop", server: "s1" }]);
      expect(runtime.lines).toMatchObject([{ level: "warn", fields: { pool: "shop", server: "s1" } }]);
      expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "cut", responseStarted: false } }]);
      expect(plane.counters.serverIdle).toBe(0);
    },
  );

  it("that breaks its chunks is cut towards the client", async () => {
    const origin = await echoOrigin("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n");
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.write(`GET / HTTP/1.1\r\n${H}\r\n`);
    expect(await raw.rest()).not.toContain("0\r\n\r\n");
  });
});
