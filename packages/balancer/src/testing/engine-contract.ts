import assert from "node:assert/strict";
import { type Capabilities, type EngineEvent, type EnginePort, PORT_VERSION } from "../engine/port.ts";
import type { AdminState, ServerSpec, Snapshot } from "../model.ts";
import { poolSpec, snapshotOf } from "./specs.ts";

/** An engine that serves, and a way to be its client. */
export interface EngineRun {
  readonly port: EnginePort;
  /** One request over a new connection. `cookie` is what the client kept of earlier answers. */
  send(cookie?: string): Promise<{ readonly server: string; readonly cookie: string | undefined }>;
  stop(): Promise<void>;
}

/** How the suite starts an engine. */
export interface EngineHarness {
  /** Three servers that answer with their own name, called `a`, `b` and `c`. */
  readonly servers: readonly [ServerSpec, ServerSpec, ServerSpec];
  /** Key ring text for stamps. */
  readonly keys: readonly string[];
  /** An engine that has been given nothing yet. */
  start(): Promise<EngineRun>;
  /** Makes a server refuse connections, and lets it serve again. */
  kill(name: string): Promise<void>;
  revive(name: string): Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  /** Left out for engines that lack it; they say so themselves. */
  readonly needs?: keyof Capabilities;
  run(harness: EngineHarness): Promise<void>;
}

const POOL = "shop";
const apply = (snapshot: Snapshot) => ({ v: PORT_VERSION, kind: "apply", snapshot }) as const;
const set = (server: string, state: AdminState) =>
  ({ v: PORT_VERSION, kind: "set", pool: POOL, server, state }) as const;
const ask = (cookie?: string) =>
  ({
    v: PORT_VERSION,
    kind: "explain",
    pool: POOL,
    clientAddress: "192.0.2.1",
    headers: cookie === undefined ? {} : { cookie },
  }) as const;

async function withEngine(harness: EngineHarness, use: (run: EngineRun) => Promise<void>): Promise<void> {
  const run = await harness.start();
  try {
    await run.port.apply({ ...apply(snapshotOf(poolSpec(POOL, harness.servers))), keys: harness.keys });
    await use(run);
  } finally {
    await run.stop();
  }
}

async function serverOf({ port }: EngineRun, name: string) {
  const [pool] = (await port.observe()).pools;
  const found = pool?.servers.find(({ server }) => server === name);
  assert.ok(found, `the observation lacks ${name}`);
  return found;
}

/** What every engine behind the port must do, whatever it is made of. */
export const engineContract: readonly ContractCase[] = [
  {
    name: "keeps a client on its server",
    run: (harness) =>
      withEngine(harness, async ({ send }) => {
        const first = await send();
        for (let i = 0; i < 4; i++) assert.equal((await send(first.cookie)).server, first.server);
      }),
  },
  {
    name: "lets a draining server keep its clients and gives it no new ones",
    needs: "setState",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const bound = await send();
        await port.set(set(bound.server, "draining"));
        assert.equal((await send(bound.cookie)).server, bound.server);
        for (let i = 0; i < 6; i++) assert.notEqual((await send()).server, bound.server);
      }),
  },
  {
    name: "gives a disabled server nobody, and takes it back",
    needs: "setState",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const bound = await send();
        await port.set(set(bound.server, "disabled"));
        assert.notEqual((await send(bound.cookie)).server, bound.server);
        await port.set(set(bound.server, "enabled"));
        const seen = new Set<string>();
        for (let i = 0; i < 6; i++) seen.add((await send()).server);
        assert.ok(seen.has(bound.server));
      }),
  },
  {
    name: "takes the states of a snapshot in place of those set before",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const [a, b, c] = harness.servers;
        const only = [{ ...a, state: "disabled" as const }, b, { ...c, state: "disabled" as const }];
        await port.apply(apply(snapshotOf(poolSpec(POOL, only))));
        for (let i = 0; i < 4; i++) assert.equal((await send()).server, b.name);
        await port.apply(apply(snapshotOf(poolSpec(POOL, harness.servers))));
        const seen = new Set<string>();
        for (let i = 0; i < 6; i++) seen.add((await send()).server);
        assert.equal(seen.size, 3);
      }),
  },
  {
    name: "names servers it does not have",
    needs: "setState",
    run: (harness) =>
      withEngine(harness, async ({ port }) => {
        await assert.rejects(port.set(set("z", "disabled")), { code: "SERVER_UNKNOWN" });
        await assert.rejects(port.set({ ...set("a", "disabled"), pool: "nope" }), { code: "POOL_UNKNOWN" });
      }),
  },
  {
    name: "hands out each count once",
    run: (harness) =>
      withEngine(harness, async (run) => {
        await run.port.observe();
        const { server, cookie } = await run.send();
        await run.send(cookie);
        const seen = await serverOf(run, server);
        if (seen.served === "unsupported") return;
        assert.equal(seen.served, 2);
        assert.equal((await serverOf(run, server)).served, 0);
      }),
  },
  {
    name: "says unsupported, never zero, of what it cannot know",
    run: (harness) =>
      withEngine(harness, async ({ port }) => {
        const { pools } = await port.observe();
        const { capabilities } = port;
        for (const pool of pools) {
          assert.equal(pool.affinity === "unsupported", !capabilities.affinityCounts);
          for (const { bound } of pool.servers) assert.equal(bound === "unsupported", !capabilities.boundClients);
        }
        assert.equal((await port.explain(ask())) === "unsupported", !capabilities.explain);
      }),
  },
  {
    name: "keeps what it knows of a server when its place in the file changes",
    run: (harness) =>
      withEngine(harness, async (run) => {
        const { server, cookie } = await run.send();
        await harness.kill(server);
        try {
          assert.notEqual((await run.send(cookie)).server, server);
          const [a, b, c] = harness.servers;
          await run.port.apply(apply(snapshotOf(poolSpec(POOL, [c, b, a]))));
          const seen = await serverOf(run, server);
          assert.ok(seen.health === "down" || seen.health === "unsupported");
        } finally {
          await harness.revive(server);
        }
      }),
  },
  {
    name: "keeps the old configuration when the new one cannot be used",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const first = await send();
        const [bad] = snapshotOf(poolSpec(POOL, harness.servers)).pools;
        assert.ok(bad);
        await assert.rejects(port.apply({ ...apply(snapshotOf(bad)), keys: ["not a key"] }), { code: "KEY_INVALID" });
        assert.equal((await send(first.cookie)).server, first.server);
      }),
  },
  {
    name: "tells of moves and of servers that go down, and of no client",
    needs: "events",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const events: EngineEvent[] = [];
        const stop = port.listen((event) => events.push(event));
        const { server, cookie } = await send();
        await harness.kill(server);
        try {
          const moved = await send(cookie);
          assert.deepEqual(
            events.map(({ kind }) => kind),
            ["server.down", "move"],
          );
          const [, move] = events;
          assert.ok(
            move?.kind === "move" && move.from === server && move.to === moved.server && move.reason === "down",
          );
          const text = JSON.stringify(events);
          for (const secret of ["127.0.0.1", cookie?.split("=")[1] ?? ""]) assert.ok(!text.includes(secret));
          stop();
          events.length = 0;
          await send(cookie);
          assert.deepEqual(events, []);
        } finally {
          await harness.revive(server);
        }
      }),
  },
  {
    name: "explains what it does, and changes nothing by it",
    needs: "explain",
    run: (harness) =>
      withEngine(harness, async ({ port, send }) => {
        const { server, cookie } = await send();
        await port.observe();
        const answer = await port.explain(ask(cookie));
        assert.ok(answer !== "unsupported");
        assert.equal(answer.candidates[0]?.server, server);
        assert.equal(answer.candidates[0]?.affinity, "hit");
        assert.equal((await send(cookie)).server, server);
        const again = await port.explain(ask(cookie));
        assert.deepEqual(again, answer);
        await assert.rejects(port.explain({ ...ask(), pool: "nope" }), { code: "POOL_UNKNOWN" });
      }),
  },
];
