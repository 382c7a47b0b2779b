import { expect, describe as group, it } from "vitest";
import { type Before, describe, type Now, readBefore, writeBefore } from "../../src/demo/notice.ts";

const shared = { affinity: "cookie", sessions: "shared" } as const;
const now = (over: Partial<Now> = {}): Now => ({ servedBy: "shop-1", user: "Ada", items: 2, mode: shared, ...over });
const before = (over: Partial<Before> = {}): Before => ({
  did: undefined,
  on: undefined,
  was: "shop-1",
  had: 2,
  ...over,
});

group("what just happened", () => {
  it("is told when a server was killed under its client", () => {
    expect(describe(before({ did: "kill", on: "shop-2", was: "shop-2" }), now())).toBe(
      "shop-2 was killed. You are now on shop-1. Your cart is still here.",
    );
  });

  it("is told when another server was killed", () => {
    expect(describe(before({ did: "kill", on: "shop-2" }), now())).toBe(
      "shop-2 was killed. You are still on shop-1. Your cart is still here.",
    );
  });

  it("is told when somebody else killed it", () => {
    expect(describe(before({ was: "shop-3" }), now())).toBe(
      "You were moved from shop-3 to shop-1. Your cart is still here.",
    );
  });

  it("owns up to a lost cart", () => {
    const local = now({ user: undefined, items: 0, mode: { affinity: "cookie", sessions: "local" } });
    expect(describe(before({ did: "kill", on: "shop-2", was: "shop-2" }), local)).toContain(
      "Your cart is gone: it stayed in the memory of shop-2, and shop-1 has never seen you.",
    );
  });

  it("tells whether a restart is over or under way", () => {
    expect(describe(before({ did: "restart", on: "shop-2" }), now())).toContain(
      "shop-2 is back and takes clients again.",
    );
    expect(describe(before({ did: "restart", on: "shop-2", was: "shop-2" }), now())).toContain("shop-2 is restarting.");
  });

  it("is nothing when nothing changed", () => {
    expect(describe(before(), now())).toBe("");
    expect(describe(before({ was: undefined, had: 0 }), now({ items: 0 }))).toBe("");
  });

  it("does not call every turn of round-robin a move", () => {
    expect(describe(before({ was: "shop-2" }), now({ mode: { affinity: "none", sessions: "shared" } }))).not.toContain(
      "moved",
    );
  });
});

group("the address that carries it", () => {
  it("comes back as it was written", () => {
    const told = before({ did: "drain", on: "shop-2", was: "shop-3", had: 7 });
    expect(readBefore(new URLSearchParams(writeBefore(told)))).toEqual(told);
  });

  it("holds nothing that anybody else could put there", () => {
    const query = new URLSearchParams({ did: "<b>", on: "shop-9", was: "javascript:1", had: "-4" });
    expect(readBefore(query)).toEqual({ did: undefined, on: undefined, was: undefined, had: 0 });
  });
});
