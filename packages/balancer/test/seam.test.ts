import type { Moved } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { readVectors } from "../../core/test/vectors.ts";
import { echoOrigin, rig } from "./plane/support/raw.ts";

/** The same file that core and the session half test: both halves must read one wire format. */
const seam = readVectors<{
  readonly headers: Readonly<Record<"prefix" | "moved" | "replica" | "affinity" | "affinityEnd", string>>;
  readonly moved: readonly { readonly value: string; readonly moved: Moved }[];
}>("seam");
const { headers } = seam;

describe("towards the app", () => {
  it.each(seam.moved)("a move is told as $value", async ({ value, moved }) => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port], { conclusion: { moved } });
    await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const told =
      origin.requests[0]?.split("\r\n").filter((line) => line.toLowerCase().startsWith(headers.prefix)) ?? [];
    expect(told.map((line) => line.replace(/^[^:]+/, (name) => name.toLowerCase()))).toEqual([
      `${headers.moved}: ${value}`,
    ]);
  });

  it.each([headers.moved, headers.replica, headers.affinity])("a client's %s is dropped", async (name) => {
    const origin = await echoOrigin();
    const { ask } = await rig([origin.port]);
    await ask(`GET / HTTP/1.1\r\nHost: a\r\n${name}: x\r\n\r\n`);
    expect(origin.requests[0]?.toLowerCase()).not.toContain(headers.prefix);
  });
});

describe("from the app", () => {
  const answer = (value: string) => `HTTP/1.1 200 OK\r\n${headers.affinity}: ${value}\r\nContent-Length: 2\r\n\r\nok`;
  const unbind = ["stamp=; Max-Age=0"];

  it("the golden word unbinds the client and stays here", async () => {
    const origin = await echoOrigin(answer(headers.affinityEnd));
    const { ask } = await rig([origin.port], { unbind });
    const response = await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(response).toContain("Set-Cookie: stamp=; Max-Age=0\r\n");
    expect(response.toLowerCase()).not.toContain(headers.prefix);
  });

  it("any other word does not", async () => {
    const origin = await echoOrigin(answer(`not-${headers.affinityEnd}`));
    const { ask } = await rig([origin.port], { unbind });
    const response = await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(response).not.toContain("Set-Cookie");
    expect(response.toLowerCase()).not.toContain(headers.prefix);
  });
});
