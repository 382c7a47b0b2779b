import { createFakeEngine, overJson, poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import { createFakeClock, createFakeRuntime } from "@sojourn/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type Control, createControl } from "../../src/engine/control.ts";
import { createDrainWatch } from "../../src/engine/drain-watch.ts";
import { type Capabilities, type EventBody, PORT_VERSION } from "../../src/engine/port.ts";
import { createTimers, DRAIN_STEP_MS } from "../../src/timers.ts";

const file = snapshotOf(poolSpec("shop", [serverSpec("a"), serverSpec("b", { port: 3001 })]));
const open: Control[] = [];
afterEach(() => {
  for (const control of open.splice(0)) control.close();
});

async function start(first = file, capabilities: Partial<Capabilities> = {}) {
  const runtime = createFakeRuntime();
  const engine = createFakeEngine(capabilities);
  const timers = createTimers(runtime.clock);
  const control = createControl(first, { port: overJson(engine), runtime, timers });
  await control.start();
  open.push(control);
  const kinds: EventBody["kind"][] = [];
  const events: EventBody[] = [];
  control.events.listen(({ event }) => {
    kinds.push(event.kind);
    events.push(event);
  });
  /** Lets a drain step run to its end: every answer of the fake engine is there after a few microtasks. */
  async function drainStep(): Promise<void> {
    runtime.clock.advance(DRAIN_STEP_MS);
    for (let i = 0; i < 50; i++) await Promise.resolve();
    await runtime.settled();
  }
  const server = async (name: string) =>
    (await control.report()).pools.flatMap(({ servers }) => servers).find((candidate) => candidate.name === name);
  return { control, engine, runtime, kinds, events, drainStep, server };
}

describe("control", () => {
  it("gives the engine the file before it is ready", async () => {
    const { engine } = await start();
    expect(engine.received).toEqual([{ v: PORT_VERSION, kind: "apply", snapshot: file }]);
  });

  it("adds up deltas over observations", async () => {
    const { engine, server } = await start();
    engine.see("shop", "a", { served: 3, errors: 1 });
    expect(await server("a")).toMatchObject({ served: 3, errors: 1 });
    expect(await server("a")).toMatchObject({ served: 3, errors: 1 });
    engine.see("shop", "a", { served: 2, errors: 0 });
    expect(await server("a")).toMatchObject({ served: 5, errors: 1 });
  });

  it("reports what the engine cannot know as unsupported, never zero", async () => {
    const { engine, server } = await start();
    engine.see("shop", "a", { served: 3 });
    await server("a");
    engine.see("shop", "a", { bound: "unsupported", served: "unsupported", health: "unsupported" });
    expect(await server("a")).toMatchObject({ bound: "unsupported", served: "unsupported", health: "unsupported" });
  });

  it("sets states by one small message, and names what exists when a server does not", async () => {
    const { control, engine, server, kinds } = await start();
    await control.setState("shop", "a", "disabled");
    expect(engine.received.at(-1)).toEqual({
      v: PORT_VERSION,
      kind: "set",
      pool: "shop",
      server: "a",
      state: "disabled",
    });
    expect(await server("a")).toMatchObject({ state: "disabled", overridden: true });
    expect(kinds).toEqual(["server.state"]);
    await expect(control.setState("shop", "z", "disabled")).rejects.toThrow(/SERVER_UNKNOWN.*servers: a, b/);
    await expect(control.setState("nope", "a", "disabled")).rejects.toThrow(/POOL_UNKNOWN.*pools: shop/);
  });

  it("applies the whole snapshot where the engine cannot set one state", async () => {
    const { control, engine } = await start(file, { setState: false });
    await control.setState("shop", "a", "disabled");
    expect(engine.received.at(-1)).toMatchObject({
      kind: "apply",
      snapshot: { pools: [{ servers: [{ state: "disabled" }, {}] }] },
    });
  });

  it("keeps states across a reload, until that server's own line changes", async () => {
    const { control, engine, server, events } = await start();
    await control.setState("shop", "a", "disabled");
    await control.reload(snapshotOf(poolSpec("shop", [serverSpec("a"), serverSpec("c")])));
    expect(await server("a")).toMatchObject({ state: "disabled" });
    expect(events.at(-1)).toMatchObject({ kind: "reload", pools: 1, servers: 2, cleared: 0 });
    await control.reload(snapshotOf(poolSpec("shop", [serverSpec("a", { weight: 3 }), serverSpec("c")])));
    expect(await server("a")).toMatchObject({ state: "enabled", overridden: false, weight: 3 });
    expect(events.at(-1)).toMatchObject({ kind: "reload", cleared: 1 });
    expect(engine.received.at(-1)).toMatchObject({ snapshot: { pools: [{ servers: [{ state: "enabled" }, {}] }] } });
  });

  it("keeps everything as it was when the engine refuses", async () => {
    const { control, engine, server, kinds } = await start();
    engine.failNext(new Error("no"));
    await expect(control.reload(snapshotOf(poolSpec("shop", [serverSpec("x")])))).rejects.toThrow("no");
    engine.failNext(new Error("no"));
    await expect(control.setState("shop", "a", "draining")).rejects.toThrow("no");
    expect(await server("a")).toMatchObject({ state: "enabled", overridden: false });
    expect(kinds).toEqual([]);
    await control.setState("shop", "a", "draining");
    expect(await server("a")).toMatchObject({ state: "draining" });
  });

  it("adds, replaces and removes servers", async () => {
    const { control, engine, kinds } = await start();
    expect(await control.putServer("shop", serverSpec("c"))).toBe("added");
    expect(await control.putServer("shop", serverSpec("a", { weight: 4 }))).toBe("replaced");
    await control.removeServer("shop", "b");
    expect(engine.received.at(-1)).toMatchObject({
      snapshot: { pools: [{ servers: [{ name: "a", weight: 4 }, { name: "c" }] }] },
    });
    await control.removeServer("shop", "a");
    await expect(control.removeServer("shop", "c")).rejects.toThrow(/SERVER_LAST/);
    expect(kinds).toEqual(["server.added", "server.removed", "server.removed"]);
  });

  it("does changes one by one in the order asked", async () => {
    const { control, engine } = await start();
    await Promise.all([
      control.setState("shop", "a", "disabled"),
      control.setState("shop", "a", "enabled"),
      control.setState("shop", "a", "draining"),
    ]);
    expect(engine.received.slice(1).map((message) => "state" in message && message.state)).toEqual([
      "disabled",
      "enabled",
      "draining",
    ]);
  });

  it("explains by the names that operators know", async () => {
    const { control } = await start(snapshotOf(poolSpec("shop", [serverSpec("a", { identity: "uid-1" })])));
    const answer = await control.explain({ pool: "shop", clientAddress: "192.0.2.1", headers: {} });
    expect(answer).toMatchObject({ pool: "shop", candidates: [{ server: "a" }] });
  });

  it("passes the engine's events on by name, numbered, and keeps some for those who resume", async () => {
    const pods = snapshotOf(poolSpec("shop", [serverSpec("a", { identity: "uid-1" }), serverSpec("b")]));
    const { control, engine, kinds } = await start(pods);
    const body = { kind: "move", pool: "shop", from: "a", to: "b", reason: "down" } as const;
    engine.raise({ v: PORT_VERSION, atMs: 5, ...body, from: "uid-1" });
    expect(kinds).toEqual(["move"]);
    const { lastId } = control.events;
    expect(control.events.since(lastId - 1)).toEqual([{ id: lastId, event: { v: PORT_VERSION, atMs: 5, ...body } }]);
    expect(control.events.since(lastId)).toEqual([]);
  });
});

describe("events", () => {
  it("that say why are not pushed out by the moves that follow", async () => {
    const { control, engine } = await start();
    engine.raise({
      v: PORT_VERSION,
      atMs: 0,
      kind: "server.down",
      pool: "shop",
      server: "a",
      source: "active",
      reason: "503",
    });
    for (let i = 0; i < 1_000; i++) {
      engine.raise({ v: PORT_VERSION, atMs: 0, kind: "move", pool: "shop", from: "a", to: "b", reason: "down" });
    }
    const held = control.events.since(0);
    expect(held[0]).toMatchObject({ id: 1, event: { kind: "server.down" } });
    expect(held.length).toBe(257);
    expect(held.map(({ id }) => id)).toEqual(held.map(({ id }) => id).toSorted((a, b) => a - b));
    expect(held.at(-1)?.id).toBe(1_001);
  });
});

describe("a drain", () => {
  it("tells its progress, ends when the server is empty and leaves it disabled", async () => {
    const { control, engine, events, drainStep, server, runtime } = await start();
    expect(runtime.clock.armed).toBe(0);
    engine.see("shop", "a", { bound: { exact: true }, inFlight: 1 });
    await control.setState("shop", "a", "draining");
    await drainStep();
    engine.see("shop", "a", { bound: { count: 2, exact: true }, inFlight: 0 });
    await drainStep();
    await drainStep();
    expect(await server("a")).toMatchObject({ state: "draining", drain: { forMs: 3 * DRAIN_STEP_MS } });
    engine.see("shop", "a", { bound: { count: 0, exact: true } });
    await drainStep();
    expect(events.map(({ kind }) => kind)).toEqual([
      "server.state",
      "drain.progress",
      "drain.progress",
      "drain.done",
      "server.state",
    ]);
    expect(events[1]).toMatchObject({ bound: { exact: true }, inFlight: 1 });
    expect(events[3]).toMatchObject({ pool: "shop", server: "a", reason: "empty", bound: { count: 0 } });
    expect(await server("a")).toMatchObject({ state: "disabled", drained: "empty" });
    expect(runtime.clock.armed).toBe(0);
  });

  it("ends at its deadline with clients still bound", async () => {
    const { control, engine, events, drainStep, server } = await start();
    engine.see("shop", "a", { bound: { count: 9, exact: true } });
    await control.setState("shop", "a", "draining", { deadlineMs: 2 * DRAIN_STEP_MS });
    await drainStep();
    expect(await server("a")).toMatchObject({ state: "draining", drain: { deadlineInMs: DRAIN_STEP_MS } });
    await drainStep();
    expect(events.at(-2)).toMatchObject({ kind: "drain.done", reason: "deadline", bound: { count: 9 } });
    expect(await server("a")).toMatchObject({ state: "disabled", drained: "deadline" });
    await control.setState("shop", "a", "enabled");
    expect(await server("a")).not.toHaveProperty("drained");
  });

  it("stops when the server is enabled again", async () => {
    const { control, engine, drainStep, server, runtime } = await start();
    await control.setState("shop", "a", "draining", { deadlineMs: 1 });
    await control.setState("shop", "a", "enabled");
    expect(runtime.clock.armed).toBe(0);
    engine.see("shop", "a", { bound: { count: 0, exact: true } });
    await drainStep();
    expect(await server("a")).toMatchObject({ state: "enabled" });
  });

  it("does not disable a server that was enabled while its end was being seen", async () => {
    const { control, engine, runtime, server } = await start();
    engine.see("shop", "a", { bound: { count: 0, exact: true } });
    await control.setState("shop", "a", "draining");
    runtime.clock.advance(DRAIN_STEP_MS);
    await control.setState("shop", "a", "enabled");
    await runtime.settled();
    expect(await server("a")).toMatchObject({ state: "enabled" });
    expect(await server("a")).not.toHaveProperty("drained");
  });

  it("begins for servers that the file drains", async () => {
    const draining = snapshotOf(poolSpec("shop", [serverSpec("a", { state: "draining" }), serverSpec("b")]));
    const { engine, drainStep, server } = await start(draining);
    engine.see("shop", "a", { bound: { count: 0, exact: true } });
    await drainStep();
    expect(await server("a")).toMatchObject({ state: "disabled", overridden: true, drained: "empty" });
  });

  it("does not ask an engine again that still answers", async () => {
    const clock = createFakeClock();
    let asked = 0;
    const watch = createDrainWatch({
      clock,
      timers: createTimers(clock),
      observe: () => {
        asked++;
        return new Promise(() => {});
      },
      onProgress: () => {},
      onDone: () => {},
      onError: () => {},
    });
    watch.start("shop", "a", undefined);
    clock.advance(10 * DRAIN_STEP_MS);
    expect(asked).toBe(1);
    watch.close();
    expect(clock.armed).toBe(0);
  });

  it("takes a new deadline without starting again", async () => {
    const { control, drainStep, server } = await start();
    await control.setState("shop", "a", "draining");
    await drainStep();
    await control.setState("shop", "a", "draining", { deadlineMs: 60_000 });
    expect(await server("a")).toMatchObject({ drain: { forMs: DRAIN_STEP_MS, deadlineInMs: 60_000 } });
  });
});
