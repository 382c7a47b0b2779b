import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { anyFreePort, freePortFrom, isFree } from "../../src/demo/ports.ts";

async function take(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
}

describe("the ports of the demo", () => {
  it("fall to the next free one", async () => {
    const wanted = await anyFreePort();
    await take(wanted);
    expect(await isFree(wanted)).toBe(false);
    const found = await freePortFrom(wanted, new Set([wanted + 1]));
    expect(found).toBeGreaterThan(wanted + 1);
    expect(await isFree(found)).toBe(true);
  });

  it("say so when none is left", async () => {
    const taken = new Set(Array.from({ length: 200 }, (_, index) => 50_000 + index));
    await expect(freePortFrom(50_000, taken)).rejects.toMatchObject({ code: "NO_FREE_PORT" });
  });
});
