import { type CryptoProvider, isSojournError } from "@sojourn/core";
import { createFakeRandom } from "@sojourn/core/testing";
import { createSessions, type Session, type Sessions } from "@sojourn/session";
import { tieredStore } from "@sojourn/session/stores/tiered";
import fc from "fast-check";
import { expect } from "vitest";
import { decodeData } from "../../src/record/data-bytes.ts";
import { decodeRecord } from "../../src/record/record.ts";
import { isUserKey } from "../../src/record/user-record.ts";
import { type Run, steer } from "./explorer.ts";
import { type Deed, ELEVATED, findOrder, type Identity, type Step, type World } from "./serial-model.ts";
import { createClient, createWorld, fence, requestOf, visit } from "./support.ts";

type Loose = Record<string, unknown>;
type Plan = { readonly kind: Step["kind"] | Identity | "persist"; readonly key: string; readonly other: boolean };

/** Every key has one kind of value, so that no operation fails for that. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  get: ["count", "cart", "theme", "theme"],
  set: ["theme"],
  unset: ["theme", "count", "cart"],
  increment: ["count"],
  push: ["cart"],
  double: ["count"],
};
const plan = (weight: number, ...kinds: Plan["kind"][]) => ({
  weight,
  arbitrary: fc
    .constantFrom(...kinds)
    .chain((kind) =>
      fc.record({ kind: fc.constant(kind), key: fc.constantFrom(...(KEYS[kind] ?? [""])), other: fc.boolean() }),
    ),
});
const program = fc.array(
  fc.oneof(
    plan(10, "get", "set", "unset", "increment", "push", "double"),
    // To read and then write one key is what conflicts are made of.
    plan(5, "get", "set"),
    plan(1, "clear", "persist"),
    plan(3, "commit"),
    plan(3, "rotate", "elevate", "login", "logout"),
  ),
  { minLength: 1, maxLength: 5 },
);

export interface Scene {
  readonly programs: readonly (readonly Plan[])[];
  readonly choices: readonly number[];
  readonly loggedIn: boolean;
  readonly strict: boolean;
  readonly servers: number;
}

export const scene: fc.Arbitrary<Scene> = fc.record({
  programs: fc.array(program, { minLength: 2, maxLength: 5 }),
  choices: fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }),
  loggedIn: fc.boolean(),
  strict: fc.boolean(),
  servers: fc.integer({ min: 1, max: 2 }),
});

/** What waits in one process, and is all that its requests need of each other. */
const WAITING: readonly Plan["kind"][] = ["get", "set", "unset", "increment", "push", "double"];

/**
 * Plays `scene` and holds what became of it to the contract.
 * @param behind changes of data are acknowledged before they are written: one server, one commit a request.
 */
export function play(scene: Scene, crypto: CryptoProvider, behind = false): Promise<void> {
  if (!behind) return steer(scene.choices, (run) => playUnder(run, scene, crypto, behind));
  const programs = scene.programs.map((plans) => plans.filter(({ kind }) => WAITING.includes(kind)));
  const waiting = { ...scene, programs, strict: false, servers: 1 };
  return steer(scene.choices, (run) => playUnder(run, waiting, crypto, behind));
}

async function playUnder(
  run: Run,
  { programs, loggedIn, strict, servers }: Scene,
  crypto: CryptoProvider,
  behind: boolean,
) {
  const world = createWorld({ crypto });
  const client = createClient();
  const { result: first } = await visit(world.sessions, client, async (s) => {
    s.set("count", 1);
    if (loggedIn) await s.login("ada");
    else await s.commit();
    return s.id ?? "";
  });
  await world.runtime.settled();
  const wrapped = run.wrap(world.store);
  const tier = { staleness: "5s", writeBehind: { lag: "10ms" }, clock: world.runtime.clock };
  const store = behind ? tieredStore(wrapped, tier) : wrapped;
  const all = Array.from({ length: servers }, (_, i) =>
    createSessions<Loose>({ store, env: {}, strict, runtime: { ...world.runtime, random: createFakeRandom(100 + i) } }),
  );
  const deeds: Deed[] = [];
  const failures: { readonly code: string; readonly deed: Deed }[] = [];
  let tick = 0;

  async function request(number: number, plans: readonly Plan[]): Promise<void> {
    const sessions = all[number % servers] as Sessions<Loose>;
    let steps: Step[] = [];
    let persists = false;
    let remembers = false;
    let reads = new Map<string, unknown>();
    let changed = new Set<string>();
    let session: Session<Loose> | undefined;

    async function deed(kind: Deed["kind"], work: () => unknown, userId?: string): Promise<void> {
      const begun = {
        request: number,
        kind,
        steps,
        persists,
        remembers,
        start: tick++,
        ...(userId !== undefined && { userId }),
      };
      const before = session?.id;
      try {
        await work();
      } catch (error) {
        if (!isSojournError(error)) throw error;
        failures.push({ code: error.code, deed: { ...begun, end: tick++, id: undefined } });
        throw error;
      }
      deeds.push({ ...begun, end: tick++, id: session?.id });
      // Without a session there is nothing to rotate, and what was recorded waits on.
      if (kind === "rotate" && session?.id === undefined) {
        deeds.pop();
        return;
      }
      steps = [];
      persists = false;
      changed = new Set();
      if (session?.id !== before) reads = new Map();
    }

    function step(s: Session<Loose>, { kind, key }: Plan, unique: string): void {
      if (kind === "get") {
        const saw = s.get(key);
        steps.push({ kind, key, saw });
        if (!changed.has(key)) reads.set(key, saw);
        return;
      }
      if (kind === "set") {
        s.set(key, unique);
        steps.push(
          strict && reads.has(key)
            ? { kind, key, value: unique, read: { value: reads.get(key) } }
            : { kind, key, value: unique },
        );
      } else if (kind === "unset") {
        s.unset(key);
        steps.push({ kind, key });
      } else if (kind === "increment") {
        s.increment(key, 3);
        steps.push({ kind, key, by: 3 });
      } else if (kind === "push") {
        s.push(key, unique);
        steps.push({ kind, key, item: unique });
      } else if (kind === "double") {
        s.update(key, (value) => ((value as number | undefined) ?? 1) * 2);
        steps.push({ kind, key });
      } else {
        s.clear();
        steps.push({ kind: "clear" });
        reads = new Map();
        return;
      }
      reads.delete(key);
      changed.add(key);
    }

    try {
      await deed("load", async () => {
        session = await sessions.load(requestOf({ cookie: client.cookie }));
      });
      if (session === undefined) return;
      const s: Session<Loose> = session;
      for (const [i, each] of plans.entries()) {
        const user = each.other ? "bob" : "ada";
        if (each.kind === "commit") await deed("commit", () => s.commit());
        else if (each.kind === "rotate") await deed("rotate", () => s.rotate());
        else if (each.kind === "elevate") await deed("elevate", () => s.elevate(ELEVATED));
        else if (each.kind === "login") await deed("login", () => s.login(user), user);
        else if (each.kind === "logout") await deed("logout", () => s.logout());
        else if (each.kind === "persist") {
          s.persist();
          persists = true;
          remembers = true;
        } else step(s, each, `${number}.${i}`);
      }
      await deed("commit", () => sessions.commit(s));
      if (number % 2 === 1) await sessions.flush();
    } catch (error) {
      if (!isSojournError(error)) throw error;
    }
  }

  const work = Promise.all(programs.map((plans, i) => request(i, plans)));
  const idle = async () => {
    // On a busy machine its threads would take what the clock goes on for an outage.
    if (crypto.name === "web") await fence();
    world.runtime.clock.advance(1);
  };
  await run.finish(work, idle);
  await work;
  await run.finish(Promise.all(all.map((sessions) => sessions.flush())), idle);
  await run.finish(world.runtime.settled(), idle);

  for (const { code, deed } of failures) expectAllowed(code, deed, deeds, strict);
  const kept: Record<string, unknown> = {};
  for await (const keys of world.store.scan?.() ?? []) {
    for (const key of keys) {
      const stored = isUserKey(key) ? undefined : await world.store.read(key);
      const record = stored && decodeRecord(stored.bytes);
      if (record === undefined) continue;
      const { userId, level, persistent } = record;
      kept[key] = shape({ data: Object.fromEntries(decodeData(record.data)), userId, level, persistent });
    }
  }
  const begin = {
    data: { count: 1 },
    userId: loggedIn ? "ada" : undefined,
    level: loggedIn ? 1 : 0,
    persistent: false,
  };
  const start: World = { sessions: { [first]: { ...begin, logins: 0, rotated: false } }, views: {} };
  const arrived = ({ sessions }: World) => {
    const living = Object.entries(sessions).filter(([, each]) => each !== undefined);
    return living.length === Object.keys(kept).length && living.every(([id, each]) => kept[id] === shape(each));
  };
  if (findOrder(start, deeds, first, arrived) !== undefined) return;
  throw new Error(
    `no serial order comes to ${JSON.stringify(kept)}:\n${[...deeds, ...failures].map((each) => JSON.stringify(each)).join("\n")}`,
  );
}

function shape(
  kept: { data: object; userId: string | undefined; level: number; persistent: boolean } | undefined,
): string {
  if (kept === undefined) return "";
  const data = Object.entries(kept.data).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([data, kept.userId, kept.level, kept.persistent]);
}

/** A failure has a reason in what others did before it was told: of logins in each other's way one has succeeded. */
function expectAllowed(code: string, failed: Deed, deeds: readonly Deed[], strict: boolean): void {
  const others = deeds.filter(({ request, start }) => request !== failed.request && start < failed.end);
  if (code === "SESSION_ENDED") {
    expect(others.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^(login|logout|elevate)$/)]),
    );
  } else if (code === "SESSION_CONFLICT") {
    expect(strict && others.some(({ steps, kind }) => steps.length > 0 || kind !== "load")).toBe(true);
  } else {
    expect([code, failed.kind]).toEqual(["SESSION_NOT_AUTHENTICATED", "elevate"]);
  }
}
