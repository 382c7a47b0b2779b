import { createFakeRuntime } from "@sojourn/core/testing";
import { describe, expect, it } from "vitest";
import { createDesk, type Switchboard } from "../../src/demo/desk.ts";
import { SHOP_NAMES } from "../../src/demo/protocol.ts";
import type { ShopState, Shops } from "../../src/demo/shops.ts";

/** Shops and a balancer that only remember what they were told. */
function setUp() {
  const states = new Map<string, ShopState>(SHOP_NAMES.map((name) => [name, "up"]));
  const lights = new Map<string, "enabled" | "draining" | "disabled">(SHOP_NAMES.map((name) => [name, "enabled"]));
  const told: string[] = [];
  const change = (verb: string, state: ShopState) => async (name: string) => {
    told.push(`${verb} ${name}`);
    states.set(name, state);
  };
  const shops: Shops = {
    state: (name) => states.get(name) ?? "down",
    port: () => 1,
    pid: () => 1,
    start: change("start", "up"),
    stop: change("stop", "down"),
    kill: change("kill", "down"),
    close: async () => {},
  };
  const board: Switchboard = {
    async set(name, state) {
      told.push(`${state} ${name}`);
      lights.set(name, state);
    },
    look: async () =>
      SHOP_NAMES.map((name) => ({ name, state: lights.get(name) ?? "enabled", healthy: true, bound: 0 })),
  };
  const { clock } = createFakeRuntime();
  return { desk: createDesk(shops, board, clock), clock, told, states, lights };
}

const never = new Promise<void>(() => {});
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("the demo's desk", () => {
  it("takes a server out of the balancer before it restarts it", async () => {
    const { desk, told } = setUp();
    await desk.act("restart", "shop-2");
    expect(told).toEqual(["disabled shop-2", "stop shop-2", "start shop-2", "enabled shop-2"]);
  });

  it("kills the shop that asks only when it has answered its client, and tells it nothing more", async () => {
    const { desk, told } = setUp();
    let settle = () => {};
    const settled = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const reply = await desk.answer("shop-1", { verb: "kill", server: "shop-1" }, settled);
    expect(reply.ok).toBe(true);
    expect(told).toEqual([]);
    let heard = false;
    void desk.answer("shop-1", { verb: "look" }, settled).then(() => {
      heard = true;
    });
    settle();
    await turn();
    expect(told).toEqual(["kill shop-1"]);
    expect(heard).toBe(false);
  });

  it("does not wait forever for a shop that never answers its client", async () => {
    const { desk, told, clock } = setUp();
    await desk.answer("shop-1", { verb: "kill", server: "shop-1" }, never);
    await turn();
    clock.advance(1_000);
    await turn();
    expect(told).toEqual(["kill shop-1"]);
  });

  it("kills another shop before it answers", async () => {
    const { desk, told } = setUp();
    const reply = await desk.answer("shop-1", { verb: "kill", server: "shop-2" }, never);
    expect(told).toEqual(["kill shop-2"]);
    expect(reply).toMatchObject({ ok: true });
  });

  it("does not end the last server for a page that lives on it", async () => {
    const { desk, states, told } = setUp();
    states.set("shop-1", "down").set("shop-2", "down");
    expect(await desk.answer("shop-3", { verb: "kill", server: "shop-3" }, never)).toMatchObject({
      ok: false,
      status: 423,
    });
    expect(told).toEqual([]);
  });

  it("counts no server that is about to die among those left standing", async () => {
    const { desk, states, told } = setUp();
    states.set("shop-3", "down");
    expect(await desk.answer("shop-1", { verb: "kill", server: "shop-1" }, never)).toMatchObject({ ok: true });
    expect(await desk.answer("shop-2", { verb: "kill", server: "shop-2" }, never)).toMatchObject({ status: 423 });
    expect(told).toEqual([]);
  });

  it("refuses what is under way already and what a dead server cannot do", async () => {
    const { desk, states } = setUp();
    const first = desk.act("restart", "shop-1");
    await expect(desk.act("kill", "shop-1")).rejects.toMatchObject({ code: "DEMO_BUSY" });
    await first;
    states.set("shop-2", "down");
    await expect(desk.act("drain", "shop-2")).rejects.toMatchObject({ code: "DEMO_BUSY" });
    expect(await desk.answer("shop-1", { verb: "drain", server: "shop-2" }, never)).toMatchObject({
      ok: false,
      status: 409,
    });
  });

  it("shows process and balancer as one condition", async () => {
    const { desk, states, lights } = setUp();
    lights.set("shop-1", "draining").set("shop-2", "disabled");
    states.set("shop-3", "down");
    expect((await desk.look()).map(({ condition }) => condition)).toEqual(["draining", "drained", "down"]);
  });
});
