import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { echoOrigin, rawOrigin, rig } from "./support/raw.ts";

const UPGRADE =
  "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

async function tunnel(options: Parameters<typeof rig>[1] = {}) {
  const origin = await rawOrigin();
  const made = await rig([origin.port], options);
  const client = await made.client();
  client.write(UPGRADE);
  const server = await origin.connection(0);
  const request = await server.until("\r\n\r\n");
  server.write(SWITCH);
  const head = await client.until("\r\n\r\n");
  return { ...made, origin, client, server, request, head };
}

describe("upgrade", () => {
  it("tunnels WebSocket bytes both ways after a handshake that Node's own server accepts", async () => {
    const server = createHttpServer();
    server.on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      socket.write(`${SWITCH.slice(0, -2)}Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
      socket.pipe(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const address = server.address();
    const { client } = await rig([typeof address === "object" && address !== null ? address.port : 0]);
    const raw = await client();
    raw.write(UPGRADE);
    expect(await raw.until("\r\n\r\n")).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    raw.write("\x81\x85\x01\x02\x03\x04igoho");
    expect(await raw.bytes(11)).toBe("\x81\x85\x01\x02\x03\x04igoho");
    raw.socket.destroy();
  });

  it("sends Connection and Upgrade of its own, and carries the stamp on the 101", async () => {
    const { request, head } = await tunnel({ conclusion: { setCookie: "stamp=v; Path=/", cachePrivate: true } });
    expect(request).toContain("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
    expect(request).not.toContain("keep-alive");
    expect(head).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(head).toContain("\r\nSet-Cookie: stamp=v; Path=/\r\n");
    expect(head).toContain("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
  });

  it("counts the tunnel in flight until it is closed", async () => {
    const { plane, director, client, server } = await tunnel();
    expect(plane.counters).toMatchObject({ inFlight: 1, tunnels: 1, tunnelsTotal: 1 });
    expect(director.outcomes).toEqual([]);
    client.socket.resetAndDestroy();
    await server.gone();
    await director.finished(1);
    expect(director.outcomes).toEqual([
      { server: "s1", outcome: { kind: "response", status: 101, latencyMs: expect.any(Number) } },
    ]);
    expect(plane.counters).toMatchObject({ inFlight: 0, tunnels: 0 });
  });

  it("closes each direction on its own", async () => {
    const { client, server, director } = await tunnel();
    client.socket.end("last words");
    expect(await server.rest()).toBe("last words");
    expect(client.ended).toBe(false);
    server.write("answer after FIN");
    expect(await client.bytes(16)).toBe("answer after FIN");
    server.socket.end();
    await client.gone();
    await director.finished(1);
  });

  it("passes bytes that came with the heads", async () => {
    const origin = await rawOrigin();
    const { client } = await rig([origin.port]);
    const raw = await client();
    raw.write(`${UPGRADE}early`);
    const server = await origin.connection(0);
    const request = await server.until("\r\n\r\n");
    expect(request).not.toContain("early");
    server.write(`${SWITCH}hello`);
    await raw.until("\r\n\r\n");
    expect(await raw.bytes(5)).toBe("hello");
    expect(await server.bytes(5)).toBe("early");
  });

  it.each([
    ["client", "server"],
    ["server", "client"],
  ] as const)("holds the %s back while the %s does not read", async (from, to) => {
    const made = await tunnel();
    const sender = made[from];
    const receiver = made[to];
    receiver.socket.pause();
    const piece = Buffer.alloc(1_048_576, 0x61);
    for (let i = 0; i < 64 && sender.socket.writableLength < 8_000_000; i++) {
      sender.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(sender.socket.writableLength).toBeGreaterThanOrEqual(8_000_000);
    expect(made.plane.buffered()).toBeLessThan(262_144);
    receiver.socket.resume();
    sender.socket.end();
    await receiver.rest();
    expect(receiver.text.length).toBeGreaterThan(8_000_000);
  });

  it("forwards a refusal as an ordinary response and reads on", async () => {
    const origin = await echoOrigin("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno");
    const { client, plane } = await rig([origin.port]);
    const raw = await client();
    raw.write(UPGRADE);
    expect((await raw.message()).head).toContain("400 Bad Request");
    raw.write("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    await raw.message();
    expect(origin.requests[1]).toMatch(/^GET \/next /);
    expect(plane.counters.tunnels).toBe(0);
  });

  it.each([
    ["h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"],
    ["an upgrade that Connection does not name", "Upgrade: websocket\r\n"],
    ["an upgrade with a body", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n"],
    ["two protocols", "Connection: Upgrade\r\nUpgrade: websocket, foo\r\n"],
  ])("does not offer %s to the server", async (_, fields) => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    expect(await ask(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\nx`)).toContain("200 OK");
    expect(origin.requests[0]).not.toMatch(/upgrade|http2-settings/i);
  });

  it("takes a 101 that nobody asked for as a broken server", async () => {
    const origin = await echoOrigin(SWITCH);
    const { ask } = await rig([origin.port]);
    expect(await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toContain("502 Bad Gateway");
  });

  it.each(["client", "server"] as const)("survives a reset by the %s with bytes under way", async (side) => {
    const made = await tunnel();
    made.server.write(Buffer.alloc(200_000));
    made.client.write(Buffer.alloc(200_000));
    made[side].socket.resetAndDestroy();
    await made[side === "client" ? "server" : "client"].gone();
    await made.director.finished(1);
    expect(made.plane.counters).toMatchObject({ inFlight: 0, tunnels: 0 });
  });

  it("cuts a tunnel in which nothing moves", async () => {
    const { client, runtime, plane } = await tunnel({ limits: { tunnelIdleMs: 10_000 } });
    runtime.clock.advance(9_000);
    expect(client.ended).toBe(false);
    runtime.clock.advance(2_000);
    await client.gone();
    expect(plane.counters.tunnels).toBe(0);
  });

  it("fails over before the handshake reached a server", async () => {
    const origin = await rawOrigin();
    const { client, director } = await rig([1, origin.port]);
    const raw = await client();
    raw.write(UPGRADE);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write(SWITCH);
    expect(await raw.until("\r\n\r\n")).toContain("101");
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "connect-failed", cause: "refused" } }]);
  });
});
