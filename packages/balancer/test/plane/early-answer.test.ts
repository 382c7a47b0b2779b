import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { rig } from "./support/raw.ts";

const PIECE = Buffer.alloc(262_144, 0x61);

/** A server that answers the first bytes, reads no more and closes: the system resets what still arrives. */
async function hastyOrigin(answer: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.pause();
      socket.end(answer, () => socket.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it.each([
  ["a short answer", "no"],
  ["a longer one", "n".repeat(60_000)],
])(
  "%s that comes before the request's body was read reaches the client, although the server resets",
  async (_, body) => {
    const port = await hastyOrigin(`HTTP/1.1 413 Content Too Large\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const { client, director, plane } = await rig([port]);
    for (let i = 0; i < 10; i++) {
      const raw = await client();
      raw.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${1_000 * PIECE.length}\r\n\r\n`);
      let writing = true;
      const pump = () => {
        if (!writing || raw.socket.destroyed) return;
        raw.socket.write(PIECE);
        setImmediate(pump);
      };
      pump();
      const answer = await raw.message();
      writing = false;
      raw.socket.destroy();
      expect(answer.head).toContain("413 Content Too Large");
      expect(answer.body === body).toBe(true);
    }
    expect(director.outcomes.every(({ outcome }) => outcome.kind === "response")).toBe(true);
    expect(plane.counters.serverIdle).toBe(0);
  },
);

it("a server that resets without an answer is one that was lost", async () => {
  const { client } = await rig([await hastyOrigin("")]);
  const raw = await client();
  raw.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${PIECE.length}\r\n\r\n`);
  raw.socket.write(PIECE);
  expect((await raw.message()).head).toContain("502 Bad Gateway");
});
