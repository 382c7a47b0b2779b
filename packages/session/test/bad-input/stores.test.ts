import { createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, createSessions, type Sessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, KEY_A, PROVIDERS, requestOf, type Shop, visit } from "../engine/support.ts";
import { ANYTHING, expectTyped, outcome, told } from "./wrong-values.ts";

const DOWN =
  /^(SESSION_STORE_DOWN|SESSION_COMMIT_UNKNOWN|SESSION_ENDED|SESSION_CONTENDED|SESSION_KEY_UNKNOWN|SESSION_END_UNFINISHED)$/;

/** What a store may say instead of an answer. */
const ANSWERS: readonly unknown[] = [
  ...ANYTHING,
  undefined,
  { status: "done?" },
  { status: "conflict" },
  { bytes: "text", version: "v", expiresAtMs: 9e15 },
  { bytes: new Uint8Array(0), version: 1, expiresAtMs: 9e15 },
  { bytes: new Uint8Array(0), version: "v", expiresAtMs: Number.NaN },
  { bytes: new Uint8Array(0), version: "v", expiresAtMs: 9e15 },
  { bytes: new Uint8Array([2, 255, 255, 255]), version: "v", expiresAtMs: 9e15 },
  { bytes: new Uint16Array(40), version: "v", expiresAtMs: 9e15 },
  { bytes: new DataView(new ArrayBuffer(40)), version: "v", expiresAtMs: 9e15 },
];

/** A record that does not open, at a version that no write meets: whoever mends it must give up in the end. */
const NEVER_MENDED = { bytes: new Uint8Array([2]), version: "v", expiresAtMs: 9e15 };

const WAYS = ["answers", "answers without a promise", "rejects with", "throws"] as const;
type Way = (typeof WAYS)[number];

function say(way: Way, value: unknown): unknown {
  if (way === "throws") throw value;
  if (way === "answers without a promise") return value;
  return way === "answers" ? Promise.resolve(value) : Promise.reject(value);
}

const USES: Readonly<
  Record<string, (sessions: Sessions<Shop>, client: ReturnType<typeof createClient>, id: string) => unknown>
> = {
  reading: (all, client) => visit(all, client, (s) => s.get("theme")),
  writing: (all, client) => visit(all, client, (s) => s.push("cart", "a")),
  "a login": (all, client) => visit(all, client, (s) => s.login("bob")),
  "a logout": (all, client) => visit(all, client, (s) => s.logout()),
  "a rotation": (all, client) => visit(all, client, (s) => s.rotate()),
  "a list": (all) => all.list("ada"),
  "a revocation": (all) => all.revokeUser("ada"),
  "a revocation of all": (all) => all.revokeAll(),
  "an end": (all, _, id) => all.end(id),
  "a sweep": (all) => all.sweep(),
};

describe.each(PROVIDERS)("a store that talks nonsense, with $name crypto", (crypto) => {
  const methods = ["read", "write", "delete", "touch", "sweep", "scan"] as const;
  it("makes typed errors, and the session is as it was or as it was told when the store is well again", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(USES)),
        fc.constantFrom(...methods),
        fc.constantFrom(...WAYS),
        fc.constantFrom(...ANSWERS),
        async (use, method, way, value) => {
          const world = createWorld({ crypto });
          const client = createClient();
          const { result: id } = await visit(world.sessions, client, async (s) => {
            s.set("theme", "before");
            await s.login("ada");
            return s.id ?? "";
          });
          world.runtime.clock.advance(60_000);
          world.fault = (name, run) => (name === method ? (say(way, value) as Promise<unknown>) : run());
          const tab = createClient(client.cookie);
          const error = await drive(
            world.runtime,
            outcome(() => USES[use]?.(world.sessions, tab, id)),
            500,
          );
          const what = `${use}: ${method} ${way} ${told(value)}`;
          if (error !== undefined) {
            expectTyped(error, what);
            expect(error.code, what).toMatch(DOWN);
          }
          await drive(world.runtime, world.runtime.settled(), 500);
          world.fault = undefined;
          world.runtime.clock.advance(60_000);
          const found = await drive(
            world.runtime,
            visit(world.sessions, createClient(client.cookie), (s) => [s.userId, s.get("theme")]),
          );
          const ended = /logout|login|revocation|end/.test(use);
          if (!ended || found.result[0] !== undefined) expect(found.result, what).toEqual(["ada", "before"]);
        },
      ),
      {
        numRuns: crypto.name === "node" ? 400 : 60,
        examples: ["a revocation", "a list", "a login"].map((use): [string, "read", "answers", unknown] => [
          use,
          "read",
          "answers",
          NEVER_MENDED,
        ]),
      },
    );
  });
});

describe("a store with a clock of its own", () => {
  it.each([Number.NaN, "soon", null, undefined, {}, Number.POSITIVE_INFINITY, 1n])(
    "that says %o: deadlines stay those of this process",
    async (said) => {
      const runtime = createFakeRuntime();
      const store: AnyStore = { ...memoryStore({ clock: runtime.clock }), nowMs: async () => said as number };
      const sessions = createSessions<Shop>({ store, env: {}, runtime, breaker: false });
      const client = createClient();
      await visit(sessions, client, (s) => s.set("theme", "a"));
      await visit(sessions, client, (s) => {
        expect(s.expiresAt?.getTime()).toBe(runtime.clock.now() + 30 * 60_000);
      });
      runtime.clock.advance(30 * 60_000);
      await visit(sessions, client, (s) => expect(s.isNew).toBe(true));
    },
  );
});

describe("a store whose news cannot be had", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["answers something else than how to stop", () => 5],
    ["answers nothing", () => undefined],
  ])("when watch %s, the end is still heard of", async (_, watch) => {
    const runtime = createFakeRuntime();
    const inner = memoryStore({ clock: runtime.clock });
    const store = { ...inner, watch } as unknown as AnyStore;
    const sessions = createSessions<Shop>({ store, env: {}, runtime });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    let heard = 0;
    const { result: id } = await visit(sessions, client, (s) => {
      s.onEnd(() => heard++);
      return s.id ?? "";
    });
    await inner.delete(id);
    runtime.clock.advance(30_000);
    await runtime.settled();
    expect([heard, runtime.clock.armed <= 1]).toEqual([1, true]);
  });
});

describe("a carrier that talks nonsense", () => {
  const token = { holds: "token", name: "odd", replaces: true } as const;
  it.each(ANYTHING.map((value) => [told(value), value]))("whose read answers %s: no session", async (_, value) => {
    const bound = { read: () => value, write: () => ["a=b"], clear: () => [] };
    const { sessions } = createWorld({ carrier: { ...token, bind: () => bound } as never });
    const session = await sessions.load(requestOf({ cookie: "a=b" }));
    expect(session.isNew).toBe(true);
    session.set("theme", "a");
    expect((await sessions.commit(session)).setCookies).toEqual(["a=b"]);
  });

  it.each(
    [...ANYTHING.filter((value) => !Array.isArray(value)), [null], [5], undefined].map((value) => [told(value), value]),
  )("whose write and clear answer %s: an error that names it", async (_, value) => {
    const bound = { read: () => undefined, write: () => value, clear: () => value };
    const { sessions } = createWorld({ carrier: { ...token, bind: () => bound } as never });
    for (const act of [
      (s: { login(id: string): Promise<void> }) => s.login("ada"),
      (s: { logout(): Promise<void> }) => s.logout(),
    ]) {
      const session = await sessions.load(requestOf());
      await act(session);
      const error = await outcome(() => sessions.commit(session));
      expectTyped(error, told(value));
      expect(error).toMatchObject({ code: "OPTIONS_INVALID", message: expect.stringContaining("carrier") });
    }
  });

  it.each(
    [...ANYTHING, { payload: 5 }, { payload: [] }, { payload: new Uint8Array(3), tag: {} }].map((value) => [
      told(value),
      value,
    ]),
  )("whose open answers %s: no session", async (_, value) => {
    const bound = { open: () => value, seal: () => ["a=b"], clear: () => [] };
    const carrier = { ...sealedCookie({ revocation: "none" }), bind: () => bound };
    const runtime = createFakeRuntime();
    const sessions = createSessions<Shop>({ carrier: carrier as never, keys: KEY_A, env: {}, runtime });
    const session = await sessions.load(requestOf());
    expect(session.isNew).toBe(true);
    session.set("theme", "a");
    expect((await sessions.commit(session)).setCookies).toEqual(["a=b"]);
  });
});
