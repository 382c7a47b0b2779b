import { describe, expect, it } from "vitest";
import { echoOrigin, type RawSocket, rawOrigin, rig } from "./support/raw.ts";

const H = "Host: a\r\n";
const GET = `GET / HTTP/1.1\r\n${H}\r\n`;

/** A client, a server connection that has received the request, and what it received. */
async function under(request: string, options: Parameters<typeof rig>[1] = {}) {
  const origin = await rawOrigin();
  const made = await rig([origin.port], options);
  const client = await made.client();
  client.write(request);
  const server = await origin.connection(0);
  const head = await server.until("\r\n\r\n");
  return { ...made, origin, client, server, head };
}

/** The server's answer, relayed completely: the server's bytes, then (or not) its FIN. */
async function relayed(request: string, response: string, fin = false): Promise<{ text: string; client: RawSocket }> {
  const { client, server } = await under(request);
  if (fin) server.socket.end(Buffer.from(response, "latin1"));
  else server.write(response);
  const head = await client.until("\r\n\r\n");
  return { text: head, client };
}

describe("response framing", () => {
  it("relays a length", async () => {
    const { text, client } = await relayed(GET, "HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\nbody");
    expect(text).toBe("HTTP/1.1 200 Fine\r\nContent-Length: 4\r\n\r\n");
    expect(await client.bytes(4)).toBe("body");
  });

  it("relays chunks and trailers, without extensions", async () => {
    const { text, client } = await relayed(
      GET,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\nSojourn-X: 2\r\n\r\n",
    );
    expect(text).toBe("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect(await client.until("\r\n\r\n")).toBe("4\r\nbody\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n");
  });

  it("turns a body that ends with the connection into chunks, and keeps the client's connection", async () => {
    const { text, client } = await relayed(GET, "HTTP/1.1 200 OK\r\n\r\nuntil close", true);
    expect(text).toBe("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect(await client.until("0\r\n\r\n")).toBe("b\r\nuntil close\r\n0\r\n\r\n");
    expect(client.ended).toBe(false);
  });

  it("sends a client of HTTP/1.0 no chunks: the connection's end is the body's", async () => {
    const { text, client } = await relayed(
      "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    );
    expect(text).toBe("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    expect(await client.rest()).toBe("body");
  });

  it("keeps a connection of HTTP/1.0 that asks for it", async () => {
    const origin = await echoOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    for (let i = 0; i < 2; i++) {
      raw.write("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      expect((await raw.message()).head).toContain("\r\nConnection: keep-alive\r\n");
    }
    raw.write("GET / HTTP/1.0\r\n\r\n");
    expect((await raw.message()).head).toContain("\r\nConnection: close\r\n");
    expect(await raw.rest()).toBe("");
  });

  it("closes after Connection: close, and says so", async () => {
    const { text, client } = await relayed(
      `GET / HTTP/1.1\r\n${H}Connection: close\r\n\r\n`,
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    );
    expect(text).toContain("\r\nConnection: close\r\n");
    expect(await client.rest()).toBe("ok");
  });

  it.each([
    ["HEAD with a length", `HEAD / HTTP/1.1\r\n${H}\r\n`, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"],
    ["HEAD without a length", `HEAD / HTTP/1.1\r\n${H}\r\n`, "HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"],
    ["204", GET, "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n"],
    ["304 with a length", GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"],
  ])("expects no body after %s, and goes on with the next request on both sides", async (_, request, response) => {
    const { client, server, origin } = await under(request);
    server.write(response);
    expect(await client.until("\r\n\r\n")).toBe(response);
    client.write(GET);
    await server.until("\r\n\r\n");
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect((await client.message()).body).toBe("ok");
    expect(origin.connections).toHaveLength(1);
  });

  it("announces no chunks for a chunked answer to HEAD", async () => {
    const { text, client } = await relayed(
      `HEAD / HTTP/1.1\r\n${H}\r\n`,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    expect(text).toBe("HTTP/1.1 200 OK\r\n\r\n");
    expect(client.ended).toBe(false);
  });

  it("drops a length from 204, and reads a status line without reason", async () => {
    const { text } = await relayed(GET, "HTTP/1.1 204\r\nContent-Length: 0\r\n\r\n");
    expect(text).toBe("HTTP/1.1 204 \r\n\r\n");
  });

  it("reads a response byte by byte", async () => {
    const { client, server } = await under(GET);
    const response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: 1\r\n\r\n";
    for (const byte of response) {
      server.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until("\r\n\r\n");
    expect(await client.until("T: 1\r\n\r\n")).toMatch(/^(?:2\r\nok\r\n|1\r\no\r\n1\r\nk\r\n)0\r\nT: 1\r\n\r\n$/);
  });
});

describe("request bodies", () => {
  it("relays chunks and trailers of a request", async () => {
    const { server, head } = await under(
      `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\nX-Forwarded-For: evil\r\n\r\n`,
    );
    expect(head).toContain("\r\nTransfer-Encoding: chunked\r\n");
    expect(await server.until("0\r\nX-Sum: 1\r\n\r\n")).toBe("4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n");
  });

  it("reads a request byte by byte", async () => {
    const origin = await echoOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    for (const byte of `\r\nPOST /x HTTP/1.1\r\n${H}Content-Length: 4\r\n\r\nbody`) {
      raw.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await raw.message()).body).toBe("ok");
    expect(origin.requests[0]).toMatch(/^POST \/x [\s\S]*\r\n\r\nbody$/);
  });

  it("streams: a piece reaches the server before the next one is sent", async () => {
    const { client, server } = await under(`POST / HTTP/1.1\r\n${H}Content-Length: 8\r\n\r\n`);
    client.write("half");
    expect(await server.bytes(4)).toBe("half");
    client.write("rest");
    expect(await server.bytes(4)).toBe("rest");
  });

  it("sends a small head and body in one write", async () => {
    const { head, server } = await under(`POST / HTTP/1.1\r\n${H}Content-Length: 4\r\n\r\nbody`);
    const packets = server.text.length;
    expect(packets).toBe(head.length + 4);
  });

  it("relays 100 Continue and other 1xx, but not to HTTP/1.0", async () => {
    const { client, server, head } = await under(
      `POST / HTTP/1.1\r\n${H}Expect: 100-Continue\r\nContent-Length: 4\r\n\r\n`,
    );
    expect(head).toMatch(/\r\nExpect: 100-Continue\r\n/);
    server.write("HTTP/1.1 100 Continue\r\n\r\n");
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 100 Continue\r\n\r\n");
    client.write("body");
    await server.bytes(4);
    server.write(
      "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nSojourn-X: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    expect(await client.until("\r\n\r\n")).toBe("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    expect(await client.until("\r\n\r\n")).toContain("200 OK");

    const old = await relayed(
      "GET / HTTP/1.0\r\n\r\n",
      "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
    expect(old.text).toMatch(/^HTTP\/1\.1 200/);
  });

  it("relays an answer that comes before the body, announces the end, and cuts the upload", async () => {
    const { client, server, director } = await under(`POST / HTTP/1.1\r\n${H}Content-Length: 1000000\r\n\r\nstart`);
    await server.bytes(5);
    server.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    const { head, body } = await client.message();
    expect(head).toContain("413");
    expect(head).toContain("\r\nConnection: close\r\n");
    expect(body).toBe("big");
    client.write("x".repeat(10_000));
    expect(await client.rest()).toBe("");
    expect(client.error).toBeUndefined();
    await server.gone();
    expect(director.outcomes).toMatchObject([{ outcome: { kind: "response", status: 413 } }]);
  });

  it("gives up the server's connection when the client leaves in its body", async () => {
    const { client, server, director } = await under(`POST / HTTP/1.1\r\n${H}Content-Length: 10\r\n\r\nstart`);
    client.socket.end();
    expect(await server.rest()).toBe("start");
    await director.finished(1);
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "client-abort" } }]);
  });
});

describe("connections", () => {
  it("serves pipelined requests in order, one at a time", async () => {
    const origin = await rawOrigin();
    const { client, director } = await rig([origin.port]);
    const raw = await client();
    raw.write([1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\n${H}\r\n`).join(""));
    for (const n of [1, 2, 3]) {
      const server = await origin.connection(0);
      expect(await server.until("\r\n\r\n")).toContain(`GET /${n} `);
      expect(director.begun).toBe(n);
      server.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${n}`);
    }
    for (const n of ["1", "2", "3"]) expect((await raw.message()).body).toBe(n);
    expect(origin.connections).toHaveLength(1);
  });

  it("answers a client that has closed its sending side, then closes", async () => {
    const { client, server } = await under(GET);
    client.socket.end();
    await new Promise((resolve) => setImmediate(resolve));
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect((await client.message()).body).toBe("ok");
    expect(await client.rest()).toBe("");
  });

  it("serves what was pipelined before FIN", async () => {
    const origin = await echoOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.socket.end(GET + GET);
    expect((await raw.rest()).match(/200 OK/g)).toHaveLength(2);
  });

  it("adds no listener, timer or memory with each request", async () => {
    const origin = await echoOrigin();
    const { client, runtime, plane } = await rig([origin.port]);
    const raw = await client();
    const ask = async () => {
      raw.write(GET);
      await raw.message();
    };
    await ask();
    const server = origin.connections[0];
    const counts = () => server?.socket.eventNames().map((name) => server.socket.listenerCount(name));
    const before = counts();
    for (let i = 0; i < 50; i++) await ask();
    expect(counts()).toEqual(before);
    expect(runtime.clock.armed).toBe(1);
    expect(origin.connections).toHaveLength(1);
    expect(plane.counters).toMatchObject({ requestsTotal: 51, serverReusesTotal: 50, inFlight: 0, serverIdle: 1 });
    expect(plane.buffered()).toBe(0);
  });
});

describe("back-pressure", () => {
  const PIECE = Buffer.alloc(1_048_576, 0x61);

  /** Writes until the system's buffers are full and the rest stays with the sender. */
  async function fill(raw: RawSocket, pieces: number): Promise<void> {
    for (let i = 0; i < pieces; i++) {
      raw.socket.write(PIECE);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it.each([
    ["a length", `Content-Length: ${64 * PIECE.length}\r\n\r\n`],
    ["its connection's end", "\r\n"],
  ])(
    "holds a server back, whose body ends by %s, while the client does not read",
    async (_, fields) => {
      const { client, server, plane } = await under(GET);
      client.socket.pause();
      server.write(`HTTP/1.1 200 OK\r\n${fields}`);
      await fill(server, 64);
      expect(server.socket.writableLength).toBeGreaterThan(32 * PIECE.length);
      expect(plane.buffered()).toBeLessThan(262_144);
      server.socket.end();
      client.socket.resume();
      await client.bytes(64 * PIECE.length);
    },
    60_000,
  );

  it("holds a client back while the server does not read", async () => {
    const { client, server, plane } = await under(
      `POST / HTTP/1.1\r\n${H}Content-Length: ${64 * PIECE.length}\r\n\r\n`,
    );
    server.socket.pause();
    await fill(client, 64);
    expect(client.socket.writableLength).toBeGreaterThan(32 * PIECE.length);
    expect(plane.buffered()).toBeLessThan(262_144);
    server.socket.resume();
    await server.bytes(64 * PIECE.length);
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect((await client.message()).body).toBe("ok");
  }, 60_000);

  it("holds pipelined requests back while a response is under way", async () => {
    const { client, plane } = await under(GET);
    await fill(client, 32);
    expect(client.socket.writableLength).toBeGreaterThan(8 * PIECE.length);
    expect(plane.buffered()).toBeLessThan(262_144);
  });
});
