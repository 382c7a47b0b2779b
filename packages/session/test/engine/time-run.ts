import type { CryptoProvider } from "@sojourn/core";
import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, createSessions, type Session, type Sessions, type StoreOptions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { expect } from "vitest";
import { requestOf, type Shop } from "./support.ts";

const HOUR = 3_600_000;
const MAX_RETIRED = 16;

interface Lifetimes {
  readonly idle: number;
  readonly absolute: number;
}

export interface Rules {
  readonly browser: Lifetimes;
  readonly persistent: Lifetimes;
  readonly touchWindow: number;
  readonly rotateAfter: number | false;
  readonly grace: number;
  /** How wrong the second server's clock is. */
  readonly skew: number;
}

type Act = "read" | "write" | "persist" | "login" | "remember" | "rotate" | "lose" | "twins" | "old token";
type Mark = "idle" | "absolute" | "touch" | "rotate" | "grace";
export type Move =
  | { readonly wait: number }
  /** Time moves to a mark of the session, or to just before or after it. */
  | { readonly to: Mark; readonly off: number }
  | { readonly act: Act; readonly node: 0 | 1; readonly age: number };

const lifetimes = fc
  .tuple(fc.integer({ min: 1_000, max: 4 * HOUR }), fc.integer({ min: 0, max: 72 * HOUR }))
  .map(([idle, more]): Lifetimes => ({ idle, absolute: idle + more }));

export const rules: fc.Arbitrary<Rules> = fc
  .record({
    browser: lifetimes,
    persistent: lifetimes,
    window: fc.double({ min: 0, max: 0.5, noNaN: true }),
    rotateAfter: fc.oneof(fc.constant(false as const), fc.integer({ min: 1_000, max: 8 * HOUR })),
    grace: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: HOUR })),
    skew: fc.integer({ min: -48 * HOUR, max: 48 * HOUR }),
  })
  .map(({ window, ...rest }) => ({
    ...rest,
    touchWindow: Math.floor(window * Math.min(rest.browser.idle, rest.persistent.idle)),
  }));

const act = (weight: number, ...acts: Act[]) => ({
  weight,
  arbitrary: fc.record({
    act: fc.constantFrom(...acts),
    node: fc.constantFrom(0 as const, 1 as const),
    age: fc.nat(20),
  }),
});
export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ wait: fc.oneof(fc.nat(50), fc.nat(60_000), fc.nat(60_000), fc.nat(48 * HOUR)) }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        to: fc.constantFrom<Mark>("idle", "absolute", "touch", "touch", "rotate", "rotate", "grace", "grace"),
        off: fc.integer({ min: -1, max: 1 }),
      }),
    },
    act(5, "read"),
    act(4, "rotate", "old token"),
    act(2, "write", "lose", "twins"),
    act(1, "persist", "login", "remember"),
  ),
  { minLength: 5, maxLength: 40 },
);

/** What the contract says of the session. Times are ms of the store's clock. */
interface Model {
  persistent: boolean;
  createdAt: number;
  absoluteEnd: number;
  /** The last request that was served. */
  seenAt: number;
  /** When the deadline was last moved. */
  movedAt: number;
  token: string;
  tokenSince: number;
  successor: string | undefined;
  retired: { readonly token: string; readonly at: number }[];
}

/** Plays `given` and holds every step to the rules. @returns what happened, for a test that all of it does. */
export async function playTime(rules: Rules, given: readonly Move[], crypto: CryptoProvider): Promise<Set<string>> {
  const happened = new Set<string>();
  const runtime = createFakeRuntime({ crypto });
  const { clock } = runtime;
  const inner = memoryStore({ clock });
  const calls: string[] = [];
  const noted = (name: "read" | "write" | "delete" | "touch") => [
    name,
    (...all: unknown[]) => {
      calls.push(name);
      return (inner[name] as (...args: unknown[]) => unknown)(...all);
    },
  ];
  const methods = Object.fromEntries((["read", "write", "delete", "touch"] as const).map(noted));
  const store = { ...inner, ...methods, nowMs: async () => clock.now() } as unknown as AnyStore;
  const { browser, persistent, skew, ...times } = rules;
  const options: Omit<StoreOptions, "store"> = { ...browser, persistent, ...times, env: {}, csrf: "origin" };
  const nodes = [0, skew].map((off, i): Sessions<Shop> => {
    const own = { ...clock, now: () => clock.now() + off };
    return createSessions<Shop>({
      ...options,
      store,
      runtime: { ...runtime, clock: own, random: createFakeRandom(i + 1) },
    });
  });
  const lifetimes = () => (model?.persistent === true ? persistent : browser);
  const windowMs = Math.max(1, rules.touchWindow);
  let model: Model | undefined;
  let key = "";

  interface Visit {
    readonly session: Session<Shop>;
    /** Undefined: no cookie was set. */
    readonly token: string | undefined;
    readonly maxAge: number | undefined;
    readonly before: { readonly expiresAt: number | undefined; readonly lastSeenAt: number | undefined };
  }

  async function visit(node: number, token: string | undefined, handle: (s: Session<Shop>) => unknown): Promise<Visit> {
    const sessions = nodes[node] as Sessions<Shop>;
    const session = await sessions.load(requestOf({ cookie: token && `__Host-session=${token}` }));
    const before = { expiresAt: session.expiresAt?.getTime(), lastSeenAt: session.lastSeenAt?.getTime() };
    await handle(session);
    const { setCookies } = await sessions.commit(session);
    await runtime.settled();
    const [line] = setCookies;
    const [, value] = /^__Host-session=([^;]*)/.exec(line ?? "") ?? [];
    const age = /Max-Age=(\d+)/.exec(line ?? "")?.[1];
    return { session, token: value, maxAge: age === undefined ? undefined : Number(age), before };
  }

  async function storedDeadline(): Promise<number | undefined> {
    return (await inner.read(key))?.expiresAtMs;
  }

  async function begin(node: number): Promise<void> {
    const now = clock.now();
    const { session, token = "" } = await visit(node, undefined, (s) => s.set("theme", "a"));
    key = session.id ?? "";
    const absoluteEnd = now + browser.absolute;
    model = {
      persistent: false,
      createdAt: now,
      absoluteEnd,
      seenAt: now,
      movedAt: now,
      token,
      tokenSince: now,
      successor: undefined,
      retired: [],
    };
  }

  /** @returns whether the session must live, must be over, or may be either. */
  function expected(at: Model, now: number): boolean | undefined {
    const { idle } = lifetimes();
    if (now >= at.absoluteEnd || now >= at.seenAt + idle) return false;
    return now <= at.seenAt + idle - windowMs ? true : undefined;
  }

  /** One request with a token that the session knows. */
  async function request(at: Model, token: string, kind: Act, node: number): Promise<void> {
    const now = clock.now();
    const must = expected(at, now);
    const { idle } = lifetimes();
    const retired = at.retired.find((each) => each.token === token);
    const reused = retired !== undefined && now - retired.at >= rules.grace;
    const promotes = token === at.successor;
    const due = rules.rotateAfter !== false && now - at.tokenSince >= rules.rotateAfter;
    const current = token === at.token && at.successor === undefined;
    const issues = (current && due) || (kind === "rotate" && (current || promotes));
    const stored = await storedDeadline();
    calls.length = 0;
    const {
      session,
      token: got,
      maxAge,
      before,
    } = await visit(node, token, async (s) => {
      if (s.isNew) return;
      if (kind === "write") s.increment("count");
      else if (kind === "rotate") await s.rotate();
      else if (kind === "persist") s.persist();
      else if (kind === "login") await s.login("ada");
      else if (kind === "remember") await s.login("ada", { persistent: true });
      else expect([s.get("theme"), s.persistent]).toEqual(["a", at.persistent]);
    });
    const lived = stored !== undefined && now < at.absoluteEnd;
    if (must !== undefined) expect(lived, "idle and absolute").toBe(must);
    expect(session.isNew, "served").toBe(!lived || reused);
    if (session.isNew) {
      expect([got, calls.filter((name) => name !== "read" && name !== "delete")]).toEqual([undefined, []]);
      expect(await storedDeadline(), "over for good").toBeUndefined();
      happened.add(reused && lived ? "reuse" : "end");
      model = undefined;
      return;
    }
    expect(before.expiresAt).toBe(Math.min(stored ?? 0, at.absoluteEnd));
    const lastSeen = before.lastSeenAt ?? 0;
    expect(lastSeen).toBeLessThanOrEqual(now);
    if ((stored ?? 0) < at.absoluteEnd) expect(Math.abs(at.seenAt - lastSeen), "lastSeenAt").toBeLessThan(windowMs);

    const changes = calls.filter((name) => name !== "read");
    const deadline = (await storedDeadline()) ?? 0;
    const moved = deadline !== stored;
    if (kind === "login" || kind === "remember") {
      at.persistent = kind === "remember";
      expect(got).not.toBe(token);
      Object.assign(at, { createdAt: now, absoluteEnd: now + lifetimes().absolute, movedAt: now });
      Object.assign(at, { token: got, tokenSince: now, successor: undefined, retired: [] });
      happened.add("login");
    } else {
      if (kind === "persist" && !at.persistent) {
        at.persistent = true;
        Object.assign(at, { absoluteEnd: at.createdAt + persistent.absolute, movedAt: now });
        happened.add("persist");
      } else if (moved) {
        expect(now - at.movedAt, "one touch a window").toBeGreaterThanOrEqual(windowMs);
        expect(deadline).toBe(Math.min(now + idle, at.absoluteEnd));
        at.movedAt = now;
        happened.add("touch");
      }
      if (kind === "read" && !moved && !promotes && !issues) expect(changes, "read-only").toEqual([]);
      expect(changes.length, "one change at most").toBeLessThanOrEqual(kind === "persist" ? 2 : 1);
      if (promotes) {
        at.retired = [{ token: at.token, at: now }, ...at.retired].slice(0, MAX_RETIRED);
        Object.assign(at, { token, tokenSince: now, successor: undefined });
        happened.add("promotion");
      }
      if (issues) {
        expect(got, "a token that is due").toBeTypeOf("string");
        expect([at.token, ...at.retired.map((each) => each.token)]).not.toContain(got);
        at.successor = got;
        happened.add("rotation");
      } else if (token === at.token && at.successor !== undefined) expect(got, "the same again").toBe(at.successor);
      else if (got !== undefined) expect([got, retired], "the cookie renewed").toEqual([at.token, undefined]);
    }
    at.seenAt = now;
    const end = Math.min(deadline, at.absoluteEnd);
    expect(end, "never past the absolute end").toBe(deadline);
    if (got === undefined) return;
    expect(maxAge !== undefined, "Max-Age").toBe(at.persistent);
    if (maxAge !== undefined) expect(now + maxAge * 1_000).toBeLessThanOrEqual(Math.max(end, now));
  }

  function markOf(at: Model, mark: Mark): number {
    if (mark === "absolute") return at.absoluteEnd;
    if (mark === "idle") return at.movedAt + lifetimes().idle;
    if (mark === "touch") return at.movedAt + windowMs;
    if (mark === "rotate") return at.tokenSince + (rules.rotateAfter === false ? HOUR : rules.rotateAfter);
    return (at.retired[0]?.at ?? at.tokenSince) + rules.grace;
  }

  await begin(0);
  /** What the client holds: it may have missed the last answer. */
  let held: string | undefined;
  for (const move of given) {
    if (model === undefined) {
      await begin(0);
      held = undefined;
    }
    const at: Model = model as unknown as Model;
    held ??= at.token;
    if ("wait" in move) clock.advance(move.wait);
    else if ("to" in move) clock.advance(Math.max(0, markOf(at, move.to) + move.off - clock.now()));
    else if (move.act === "old token") {
      const old = at.retired[move.age % Math.max(1, at.retired.length)];
      if (old !== undefined) await request(at, old.token, "read", move.node);
    } else if (move.act === "twins") {
      await request(at, held, "read", move.node);
      if (model !== undefined) await request(at, held, "read", move.node === 0 ? 1 : 0);
    } else {
      await request(at, held, move.act === "lose" ? "read" : move.act, move.node);
      // After a login only its answer opens the session: a client that missed it has to log in again.
      if (move.act !== "lose" && model !== undefined) held = at.successor ?? at.token;
      else if (move.act === "lose") happened.add("lost response");
    }
  }
  return happened;
}
