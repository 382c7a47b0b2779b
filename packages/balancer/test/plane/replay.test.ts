import { expect, it } from "vitest";
import { rawOrigin, rig } from "./support/raw.ts";

/** A piece of the body comes when the first server is lost already and the connection to the second is being opened. */
async function loseServerBetween(head: string, first: string, second: string, replayBytes: number) {
  const dying = await rawOrigin();
  const rescuer = await rawOrigin();
  const { client, director } = await rig([dying.port, rescuer.port], { limits: { replayBytes } });
  const raw = await client();
  const { begin } = director;
  director.begin = (decision, server) => {
    if (server.spec.name === "s2") raw.write(second);
    return begin(decision, server);
  };
  raw.write(`${head}${first}`);
  const lost = await dying.connection(0);
  await lost.until(first);
  lost.socket.resetAndDestroy();
  return { raw, rescuer };
}

const A = "a".repeat(900);
const B = "b".repeat(900);

it("a body that outgrows what may be kept while servers change arrives whole at the next one", async () => {
  const head = "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1800\r\n\r\n";
  const { raw, rescuer } = await loseServerBetween(head, A, B, 1_000);
  const next = await rescuer.connection(0);
  expect((await next.message()).body).toBe(A + B);
  next.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  expect((await raw.message()).head).toContain("200 OK");
});

it("and in chunks is not taken for a shorter one", async () => {
  const head = "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const { rescuer } = await loseServerBetween(head, chunk(A), `${chunk(B)}0\r\n\r\n`, 1_000);
  const next = await rescuer.connection(0);
  await next.until("\r\n\r\n");
  expect((await next.until("0\r\n\r\n")).replace(/384\r\n|\r\n/g, "")).toBe(`${A}${B}0`);
});
