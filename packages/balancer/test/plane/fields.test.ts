import { describe, expect, it } from "vitest";
import type { FakeOptions } from "./support/director.ts";
import { echoOrigin, rig } from "./support/raw.ts";

type Options = FakeOptions & { trustedProxies?: readonly string[] };

/** What the server receives for a request with these fields. */
async function received(fields: string, options: Options = {}, version = "HTTP/1.1"): Promise<string> {
  const origin = await echoOrigin();
  const { ask } = await rig([origin.port], options);
  const response = await ask(`GET /p ${version}\r\nHost: shop.example:81\r\n${fields}\r\n`);
  expect(response).toContain(" 200 OK");
  return origin.requests[0] ?? "";
}

/** What the client receives for a response with these fields. */
async function returned(fields: string, options: Options = {}): Promise<string> {
  const origin = await echoOrigin(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`);
  const { ask } = await rig([origin.port], options);
  return ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

const TRUSTED: Options = { trustedProxies: ["127.0.0.0/8", "10.0.0.0/8"] };

describe("from every client", () => {
  it.each(["Sojourn-Moved", "sojourn-replica", "SOJOURN_AFFINITY", "Sojourn_Moved", "Sojourn-Anything"])(
    "drops %s",
    async (name) => {
      for (const options of [{}, TRUSTED]) {
        expect(await received(`${name}: from=x; reason=down\r\n`, options)).not.toMatch(/sojourn/i);
      }
    },
  );

  it("passes a name that only resembles ours", async () => {
    expect(await received("Sojourner: 1\r\nX-Sojourn-Moved: 2\r\n")).toContain(
      "\r\nSojourner: 1\r\nX-Sojourn-Moved: 2\r\n",
    );
  });

  it.each([
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "TE: trailers",
    "Upgrade: foo",
    "Content_Length: 5",
    "Transfer_Encoding: chunked",
    "X_Forwarded_For: 6.6.6.6",
    "X_Forwarded-For: 6.6.6.6",
    "x_real_ip: 6.6.6.6",
    "Connection: keep-alive",
  ])("drops %s, which is for this hop or respelled", async (field) => {
    const request = await received(`${field}\r\nAccept: a\r\n`);
    expect(request).not.toContain(field.slice(0, field.indexOf(":")));
    expect(request).toContain("\r\nAccept: a\r\n");
  });

  it("drops what Connection names, in any case and list", async () => {
    const request = await received("Connection: x-one , X-TWO\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n");
    expect(request).not.toMatch(/x-one|x-two|connection/i);
    expect(request).toContain("\r\nX-Three: 3\r\n");
  });

  it("keeps the order and spelling of all other fields, trimmed and spelled canonically", async () => {
    const request = await received("b-Field:1\r\nA-Field:   two words \t\r\nb-field: 3\r\nEmpty:\r\n");
    expect(request).toContain("\r\nb-Field: 1\r\nA-Field: two words\r\nb-field: 3\r\nEmpty: \r\n");
  });

  it("passes bytes above 127 in values unchanged", async () => {
    expect(await received("X-Name: caf\xe9 \xc3\xa9\r\n")).toContain("\r\nX-Name: caf\xe9 \xc3\xa9\r\n");
  });
});

describe("forwarding fields", () => {
  const SPOOFED =
    "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n" +
    "Forwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX-Forwarded-Anything: evil\r\nTrue-Client-IP: 6.6.6.6\r\n";

  it("are replaced when the peer is not trusted", async () => {
    const request = await received(SPOOFED);
    expect(request).not.toMatch(/6\.6\.6\.6|evil|https/);
    expect(request).toMatch(
      /X-Forwarded-For: 127\.0\.0\.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: shop\.example:81\r\nX-Forwarded-Port: \d+\r\n/,
    );
  });

  it("are dropped from untrusted peers even when the profile adds none", async () => {
    const request = await received(SPOOFED, { profile: { forwardedHeaders: "none" } });
    expect(request).not.toMatch(/forwarded|6\.6\.6\.6/i);
  });

  it("are believed and extended when the peer is trusted", async () => {
    const request = await received(SPOOFED, TRUSTED);
    expect(request).toContain("\r\nX-Forwarded-For: 6.6.6.6, 127.0.0.1\r\n");
    expect(request).toContain("\r\nX-Forwarded-Proto: https\r\n");
    expect(request).toContain("\r\nX-Forwarded-Host: evil\r\n");
    expect(request).toContain("\r\nX-Forwarded-Port: 1\r\n");
    expect(request.match(/x-forwarded-for/gi)).toHaveLength(1);
  });

  it("lose what stands before the first untrusted address", async () => {
    const request = await received("X-Forwarded-For: 1.1.1.1, 6.6.6.6\r\nX-Forwarded-For: 10.1.2.3\r\n", TRUSTED);
    expect(request).toContain("\r\nX-Forwarded-For: 6.6.6.6, 10.1.2.3, 127.0.0.1\r\n");
  });

  it("name the client for affinity the same way", async () => {
    const origin = await echoOrigin();
    for (const [options, address] of [
      [{}, "127.0.0.1"],
      [TRUSTED, "6.6.6.6"],
    ] as const) {
      const { ask, director } = await rig([origin.port], options);
      await ask("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, 6.6.6.6\r\n\r\n");
      expect(director.facts[0]?.request.clientAddress).toBe(address);
    }
  });
});

describe("Host", () => {
  it("is the client's, the literal of the profile, or the server's own in HTTP/1.0 without one", async () => {
    expect(await received("")).toMatch(/^GET \/p HTTP\/1\.1\r\nHost: shop\.example:81\r\n/);
    const literal = await received("", { profile: { hostHeader: { literal: "backend" } } });
    expect(literal).toMatch(/^GET \/p HTTP\/1\.1\r\nHost: backend\r\n/);
    expect(literal.match(/\r\nhost:/gi)).toHaveLength(1);
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    await ask("GET / HTTP/1.0\r\n\r\n");
    expect(origin.requests[0]).toContain(`\r\nHost: 127.0.0.1:${origin.port}\r\n`);
  });

  it("is replaced by an absolute-form target", async () => {
    const origin = await echoOrigin();
    const { ask, director } = await rig([origin.port]);
    await ask("GET http://Real.example:8/x?y HTTP/1.1\r\nHost: other.example\r\n\r\n");
    expect(origin.requests[0]).toMatch(/^GET \/x\?y HTTP\/1\.1\r\nHost: Real\.example:8\r\n/);
    expect(origin.requests[0]).not.toContain("other");
    expect(director.facts[0]?.request.host).toBe("real.example");
  });
});

describe("stamps", () => {
  const hidden = { hiddenCookies: ["stamp"] };

  it("are hidden from the app, and seen by affinity", async () => {
    const origin = await echoOrigin();
    const { ask, director } = await rig([origin.port], hidden);
    await ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; stamp=secret; b=2\r\nCookie: stamp=again\r\n\r\n");
    expect(origin.requests[0]).toContain("\r\nCookie: a=1; b=2\r\n");
    expect(origin.requests[0]?.match(/cookie/gi)).toHaveLength(1);
    expect(origin.requests[0]).not.toMatch(/secret|again/);
    expect(director.facts[0]?.request.cookie).toBe("a=1; stamp=secret; b=2; stamp=again");
  });

  it("leave no empty Cookie behind", async () => {
    expect(await received("Cookie: stamp=x\r\n", hidden)).not.toMatch(/cookie/i);
  });

  it("are added to the response, with Cache-Control: private when asked", async () => {
    const conclusion = { setCookie: "stamp=v; Path=/", cachePrivate: true };
    const response = await returned("Set-Cookie: app=1\r\n", { conclusion });
    expect(response).toContain("\r\nSet-Cookie: app=1\r\n");
    expect(response).toContain("\r\nSet-Cookie: stamp=v; Path=/\r\n");
    expect(response).toContain("\r\nCache-Control: private\r\n");
    expect(await returned("", { conclusion: { setCookie: "stamp=v" } })).not.toMatch(/cache-control/i);
  });

  it.each([
    ["public, max-age=60", "private, max-age=60"],
    ["max-age=60, s-maxage=600", "private, max-age=60"],
    ["no-cache", "private, no-cache"],
    ["private", "private"],
    ["no-store", "no-store"],
    ["max-age=0, no-store", "max-age=0, no-store"],
    ['private="x-user"', 'private, private="x-user"'],
  ])("turn Cache-Control: %s into %s", async (given, made) => {
    const response = await returned(`Cache-Control: ${given}\r\n`, {
      conclusion: { setCookie: "stamp=v", cachePrivate: true },
    });
    expect(response.match(/cache-control: .*/gi)).toEqual([`Cache-Control: ${made}`]);
  });

  it("are taken away when the app says Sojourn-Affinity: end, and the word stays here", async () => {
    const response = await returned("Sojourn-Affinity: end\r\n", {
      conclusion: { setCookie: "stamp=new", cachePrivate: true },
      unbind: ["stamp=; Max-Age=0"],
    });
    expect(response).toContain("\r\nSet-Cookie: stamp=; Max-Age=0\r\n");
    expect(response).not.toContain("stamp=new");
    expect(response).not.toMatch(/sojourn/i);
    expect(response).toContain("\r\nCache-Control: private\r\n");
  });

  it("tell the server of a move", async () => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port], { conclusion: { moved: { from: "abc", reason: "down" } } });
    await ask("GET / HTTP/1.1\r\nHost: a\r\nSojourn-Moved: reason=forged\r\n\r\n");
    expect(origin.requests[0]?.match(/sojourn.*/gi)).toEqual(["Sojourn-Moved: from=abc; reason=down"]);
  });
});

describe("towards the client", () => {
  it.each(["Sojourn-Moved: x", "sojourn-affinity: maybe", "SOJOURN_REPLICA: y"])("never sends %s", async (field) => {
    expect(await returned(`${field}\r\n`)).not.toMatch(/sojourn/i);
  });

  it("removes hop-by-hop fields and what Connection names, keeps Date and Server", async () => {
    const response = await returned(
      "Connection: keep-alive, X-Internal\r\nKeep-Alive: timeout=5\r\nX-Internal: 1\r\nUpgrade: h2c\r\n" +
        "Proxy-Connection: x\r\nDate: Mon, 23 Nov 2026 07:00:00 GMT\r\nServer: app/1\r\n",
    );
    expect(response).toBe(
      "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 07:00:00 GMT\r\nServer: app/1\r\nContent-Length: 2\r\n\r\nok",
    );
  });

  it("adds no Date or Server of its own", async () => {
    expect(await returned("")).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
});
