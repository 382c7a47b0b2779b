import { describe, expect, it } from "vitest";
import { type RawSocket, type Rig, rawOrigin, rig } from "./support/raw.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const UPGRADE = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
/** More than the system holds for one connection. */
const SIZE = 24 * 1_048_576;

/** Content in which every place is recognised. */
function pattern(bytes: number): string {
  const parts: string[] = [];
  for (let i = 0, length = 0; length < bytes; i++) length += parts[parts.push(`${i},`) - 1]?.length ?? 0;
  return parts.join("").slice(0, bytes);
}

describe("all connections to servers read into the same memory", () => {
  async function start() {
    const origin = await rawOrigin();
    const plane = await rig([origin.port]);
    return { ...plane, origin, answer: answerer(plane, origin) };
  }

  /** A whole exchange of another client, whose response overwrites that memory. */
  function answerer({ client }: Rig, origin: Awaited<ReturnType<typeof rawOrigin>>) {
    return async () => {
      const raw = await client();
      const number = origin.connections.length;
      raw.write(GET);
      const server = await origin.connection(number);
      await server.until("\r\n\r\n");
      server.write(`HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n${"z".repeat(60_000)}`);
      expect((await raw.message()).body).toHaveLength(60_000);
    };
  }

  async function blocked({ plane }: Rig): Promise<void> {
    while (plane.buffered() === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  async function ask(raw: RawSocket, origin: Awaited<ReturnType<typeof rawOrigin>>, request: string) {
    raw.write(request);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    return server;
  }

  it.each([
    ["a response", GET, `HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\n\r\n`],
    ["a tunnel", UPGRADE, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"],
  ])(
    "what waits for a slow client of %s stays as it was",
    async (_name, request, head) => {
      const set = await start();
      const raw = await set.client();
      const server = await ask(raw, set.origin, request);
      server.write(head);
      await raw.until("\r\n\r\n");
      raw.socket.pause();
      const sent = pattern(SIZE);
      server.write(sent);
      await blocked(set);
      await set.answer();
      raw.socket.resume();
      // Compared as a whole: the difference would be printed otherwise.
      expect((await raw.bytes(SIZE)) === sent).toBe(true);
    },
    60_000,
  );

  it("a head that comes in pieces stays as it was", async () => {
    const set = await start();
    const raw = await set.client();
    const server = await ask(raw, set.origin, GET);
    server.write("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-Name: first\r\nContent-Len");
    await raw.until("\r\n\r\n");
    await set.answer();
    server.write("gth: 2\r\n\r\nok");
    const { head, body } = await raw.message();
    expect(head).toContain("X-Name: first\r\n");
    expect(body).toBe("ok");
  });

  it("half of a chunk's framing stays as it was", async () => {
    const set = await start();
    const raw = await set.client();
    const server = await ask(raw, set.origin, GET);
    server.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1");
    await raw.until("abc\r\n");
    await set.answer();
    server.write("0\r\n0123456789abcdef\r\n0\r\n\r\n");
    expect(await raw.until("0\r\n\r\n")).toBe("10\r\n0123456789abcdef\r\n0\r\n\r\n");
  });

  it("the first bytes of a tunnel stay as they were", async () => {
    const set = await start();
    const raw = await set.client();
    const server = await ask(raw, set.origin, UPGRADE);
    server.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nhello");
    expect(await raw.until("hello")).toContain("101");
  });
});
