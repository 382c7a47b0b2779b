import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Deed, findOrder, type World } from "./serial-model.ts";
import { play, scene } from "./serial-run.ts";
import { PROVIDERS } from "./support.ts";

describe.each(PROVIDERS)("parallel requests on one session, $name crypto", (crypto) => {
  it("equal some serial order of what succeeded; what failed did nothing", async () => {
    await fc.assert(
      fc.asyncProperty(scene, (each) => play(each, crypto)),
      { numRuns: crypto.name === "node" ? 500 : 60 },
    );
  });
});

describe("the machine that they are held to", () => {
  const begin: World = {
    sessions: { a: { data: {}, userId: undefined, level: 0, persistent: false, logins: 0, rotated: false } },
    views: {},
  };
  const deed = (parts: Partial<Deed>): Deed => ({
    request: 0,
    kind: "commit",
    steps: [],
    persists: false,
    remembers: false,
    start: 0,
    end: 9,
    id: "a",
    ...parts,
  });
  const add = { steps: [{ kind: "increment", key: "n", by: 1 }] } as const;
  const come = (deeds: readonly Deed[], wanted: object | undefined) =>
    findOrder(begin, deeds, "a", ({ sessions }) => JSON.stringify(sessions.a?.data) === JSON.stringify(wanted));
  const loads = [deed({ kind: "load" }), deed({ kind: "load", request: 1 })];

  it("loses no update", () => {
    const both = [...loads, deed(add), deed({ ...add, request: 1 })];
    expect([come(both, { n: 2 }) !== undefined, come(both, { n: 1 })]).toEqual([true, undefined]);
  });

  it("brings nothing back to life", () => {
    const out = deed({ kind: "logout", request: 1, id: undefined, end: 1 });
    expect(come([...loads, out, deed({ ...add, start: 2 })], { n: 1 })).toBeUndefined();
    expect(come([...loads, out, deed(add)], undefined)).toBeDefined();
  });

  it("shows nobody what was not there", () => {
    const saw = (value: unknown) => deed({ request: 1, steps: [{ kind: "get", key: "n", saw: value }] });
    expect(come([...loads, deed(add), saw(2)], { n: 1 })).toBeUndefined();
    expect(come([...loads, deed(add), saw(1)], { n: 1 })).toBeDefined();
  });
});
