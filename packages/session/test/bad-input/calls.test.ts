import { ERROR_TABLE } from "@sojourn/core";
import type { Session, SessionRequest, Sessions } from "@sojourn/session";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  createClient,
  createDeployment,
  createWorld,
  failure,
  HOMES,
  PROVIDERS,
  requestOf,
  visit,
} from "../engine/support.ts";
import { ANYTHING, expectTyped, outcome, told } from "./wrong-values.ts";

type Loose = Record<string, unknown>;
type Call = (session: Session<Loose>, sessions: Sessions<Loose>, value: never) => unknown;

/** The argument that each call gets wrong, and the code that says so. */
const CALLS: Readonly<Record<string, readonly [call: Call, codes: RegExp]>> = {
  "get key": [(s, _, v) => s.get(v), /^ARGUMENT_INVALID$/],
  "has key": [(s, _, v) => s.has(v), /^ARGUMENT_INVALID$/],
  "set key": [(s, _, v) => s.set(v, 1), /^ARGUMENT_INVALID$/],
  "set value": [(s, _, v) => s.set("other", v), /^SESSION_DATA_INVALID$/],
  "unset key": [(s, _, v) => s.unset(v), /^ARGUMENT_INVALID$/],
  "increment key": [(s, _, v) => s.increment(v), /^ARGUMENT_INVALID$/],
  "increment by": [(s, _, v) => s.increment("count", v), /^ARGUMENT_INVALID$/],
  "increment what is no number": [(s) => s.increment("theme"), /^SESSION_OPERATION_INVALID$/],
  "push key": [(s, _, v) => s.push(v, 1), /^ARGUMENT_INVALID$/],
  "push item": [(s, _, v) => s.push("list", v), /^SESSION_DATA_INVALID$/],
  "push to what is no list": [(s, _, v) => s.push("theme", v), /^(SESSION_DATA|SESSION_OPERATION)_INVALID$/],
  "update key": [(s, _, v) => s.update(v, () => 1), /^ARGUMENT_INVALID$/],
  "update change": [(s, _, v) => s.update("theme", v), /^ARGUMENT_INVALID$/],
  "update to": [(s, _, v) => s.update("other", () => v), /^SESSION_DATA_INVALID$/],
  "update by a promise": [
    (s) => s.update("theme", (async () => Promise.reject(new Error("late"))) as never),
    /^SESSION_OPERATION_INVALID$/,
  ],
  "flash key": [(s, _, v) => s.flash(v), /^ARGUMENT_INVALID$/],
  "flash value": [(s, _, v) => s.flash("other", v), /^SESSION_DATA_INVALID$/],
  "login userId": [(s, _, v) => s.login(v), /^ARGUMENT_INVALID$/],
  "login options": [(s, _, v) => s.login("ada", v), /^(ARGUMENT|OPTIONS)_INVALID$/],
  "login persistent": [(s, _, v) => s.login("ada", { persistent: v }), /^(ARGUMENT|OPTIONS)_INVALID$/],
  "login level": [(s, _, v) => s.login("ada", { level: v }), /^(ARGUMENT|OPTIONS)_INVALID$/],
  "elevate level": [(s, _, v) => s.elevate(v), /^ARGUMENT_INVALID$/],
  "onEnd listener": [(s, _, v) => s.onEnd(v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
  "checkCsrfToken token": [(s, _, v) => s.checkCsrfToken(v), /^UNSUPPORTED$/],
  "csrfToken without the option": [(s) => s.csrfToken(), /^UNSUPPORTED$/],
  "load request": [(_, all, v) => all.load(v), /^ARGUMENT_INVALID$/],
  "load method": [(_, all, v) => all.load({ ...requestOf(), method: v }), /^ARGUMENT_INVALID$/],
  "load header": [(_, all, v) => all.load({ ...requestOf(), header: v }), /^ARGUMENT_INVALID$/],
  "load header's answer": [
    (_, all, v) => all.load({ ...requestOf({ method: "POST" }), header: () => v }),
    /^(ARGUMENT_INVALID|SESSION_CSRF_REFUSED)$/,
  ],
  "load remoteAddress": [(_, all, v) => all.load({ ...requestOf(), remoteAddress: v }), /^ARGUMENT_INVALID$/],
  "load headers": [(_, all, v) => all.load({ ...requestOf(), headers: v } as never), /^ARGUMENT_INVALID$/],
  "pending session": [(_, all, v) => all.pending(v), /^ARGUMENT_INVALID$/],
  "commit session": [(_, all, v) => all.commit(v), /^ARGUMENT_INVALID$/],
  "fieldsAfter session": [(_, all, v) => all.fieldsAfter(v), /^ARGUMENT_INVALID$/],
  "headersSent session": [(_, all, v) => all.headersSent(v), /^ARGUMENT_INVALID$/],
  "list userId": [(_, all, v) => all.list(v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
  "find id": [(_, all, v) => all.find(v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
  "list current": [(_, all, v) => all.list("ada", v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
  "requireFresh session": [(_, all, v) => all.requireFresh(v, 1), /^ARGUMENT_INVALID$/],
  "requireFresh maxAge": [
    (s, all, v) => all.requireFresh(s, v),
    /^(DURATION_INVALID|DURATION_OUT_OF_RANGE|SESSION_NOT_AUTHENTICATED)$/,
  ],
  "requireFresh level": [(s, all, v) => all.requireFresh(s, 1, v), /^(ARGUMENT_INVALID|SESSION_NOT_AUTHENTICATED)$/],
  "end id": [(_, all, v) => all.end(v), /^ARGUMENT_INVALID$/],
  "endOthers session": [(_, all, v) => all.endOthers(v), /^ARGUMENT_INVALID$/],
  "revokeUser userId": [(_, all, v) => all.revokeUser(v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
  "sweep limit": [(_, all, v) => all.sweep(v), /^ARGUMENT_INVALID$/],
  "onEnd id": [(_, all, v) => all.onEnd(v, () => {}), /^ARGUMENT_INVALID$/],
  "onEnd's listener": [(s, all, v) => all.onEnd(s.id ?? "", v), /^(ARGUMENT_INVALID|UNSUPPORTED)$/],
};

const TOO_MUCH = [
  "x".repeat(1_025),
  "__proto__",
  "\udfff\ud800",
  `${"é".repeat(600)}`,
  256,
  "1",
  { persistent: 1 },
  { levle: 1 },
  { level: 0 },
  { get: () => null },
];

let unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);
beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

const VALUES = [...ANYTHING, ...TOO_MUCH];

describe.each(HOMES)("every call with every kind of value, %s", (home) => {
  it.each(Object.entries(CALLS))("%s", async (name, [call, codes]) => {
    const sessions = createDeployment(home).server<Loose>();
    for (const value of VALUES) {
      const client = createClient();
      await visit(sessions, client, (s) => {
        s.set("theme", "before");
        s.set("count", 1);
      });
      let failed = false;
      await visit(sessions, client, async (s) => {
        s.set("note", "beside it");
        const error = await outcome(() => call(s, sessions, value as never));
        failed = error !== undefined;
        if (error === undefined) return;
        const what = `${name}: ${told(value)}`;
        expectTyped(error, what);
        expect(error.code, what).toMatch(codes);
        expect(JSON.stringify([error.message, error.params]), what).not.toMatch(/before|beside it/);
        expect(client.value === undefined || !error.message.includes(client.value)).toBe(true);
      });
      if (!failed) continue;
      const keys = ["theme", "count", "note", "other", "list"];
      await visit(sessions, client, (s) => {
        expect(keys.map((key) => s.get(key))).toEqual(["before", 1, "beside it", undefined, undefined]);
        expect([s.userId, s.level]).toEqual([undefined, 0]);
      });
    }
  });
});

describe("a session whose methods were taken off it", () => {
  const METHODS = ["get", "has", "set", "unset", "increment", "push", "update", "flash", "clear", "persist", "login"];
  METHODS.push("elevate", "rotate", "logout", "commit", "csrfToken", "checkCsrfToken", "onEnd");

  it("says so by a code, whatever stands before the dot", async () => {
    const { sessions } = createWorld({ csrf: "token" });
    const session = await sessions.load(requestOf());
    const prototype: object = Object.getPrototypeOf(session);
    const { constructor: _, ...members } = Object.getOwnPropertyDescriptors(prototype) as PropertyDescriptorMap;
    const methods = Object.entries(members).filter(([, { value }]) => typeof value === "function");
    expect(methods.map(([name]) => name).sort()).toEqual(METHODS.sort());
    for (const [name, { value, get }] of Object.entries(members)) {
      for (const self of [...ANYTHING, undefined, Object.create(session), new Proxy(session, {})]) {
        const error = await outcome(() => (value ?? get).call(self, "theme", 1));
        expectTyped(error, `${name} of ${told(self)}`);
        expect(error).toMatchObject({ code: "ARGUMENT_INVALID", message: expect.stringContaining(`session.${name}`) });
      }
    }
    const { set } = session;
    expect(() => set("theme", "dark")).toThrow(/^ARGUMENT_INVALID: set: this is no session; call it on the session/);
  });
});

/** What would mend a failure is said of that failure, and nothing that does not apply. */
describe("how an operation is mended", () => {
  const when = async (options: Parameters<typeof createWorld>[0], act: (s: Session<Loose>) => void) => {
    const sessions = createWorld(options).sessions as unknown as Sessions<Loose>;
    const session = await sessions.load(requestOf());
    session.set("text", "a");
    const error = await outcome(() => act(session));
    expectTyped(error, "a wrong operation");
    return error.mend;
  };
  const schema = {
    "~standard": { version: 1, vendor: "own", validate: () => ({ issues: [{ path: ["text"] }] }) },
  } as const;
  const picky = {
    ...schema["~standard"],
    validate: (data: Loose) => (data.text === "b" ? schema["~standard"].validate() : {}),
  };

  it.each<[string, Parameters<typeof createWorld>[0], (s: Session<Loose>) => void, RegExp, RegExp]>([
    ["a Date", {}, (s) => s.set("x", new Date(0)), /^store what JSON can hold .* or give a codec$/, /schema/],
    ["too deep", {}, (s) => s.set("x", nested(70)), /^store a flatter value$/, /schema|codec/],
    [
      "what the schema refuses",
      { schema: { "~standard": picky } as never },
      (s) => s.set("text", "b"),
      /^store what the schema accepts/,
      /JSON|codec/,
    ],
    [
      "a codec that throws",
      { codec: { encode: () => JSON.parse("{"), decode: (x) => x } },
      (s) => s.set("x", new Date(0)),
      /codec/,
      /schema|JSON/,
    ],
    [
      "a codec that answers none",
      { codec: { encode: () => new Date(0) as never, decode: (x) => x } },
      (s) => s.set("x", new Date(0)),
      /^let codec.encode answer what JSON/,
      /schema/,
    ],
    ["a push onto text", {}, (s) => s.push("text", 1), /^unset the key first/, /await|smaller/],
    ["an increment of text", {}, (s) => s.increment("text"), /^unset the key first/, /await|smaller/],
    ["an overflow", {}, (s) => [s.set("n", 1e308), s.increment("n", 1e308)], /^set it to a smaller number/, /unset/],
    ["an asynchronous update", {}, (s) => s.update("text", (async () => "b") as never), /^await first/, /unset/],
  ])("%s", async (_, options, act, says, doesNot) => {
    const mend = await when(options, act);
    expect(mend).toMatch(says);
    expect(mend).not.toMatch(doesNot);
  });

  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)]);
});

describe.each(PROVIDERS)("a call that fails with $name crypto", (crypto) => {
  it("writes nothing, and what it had not reached stays to be done", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...Object.keys(CALLS)), fc.constantFrom(...VALUES)), { maxLength: 6 }),
        async (steps) => {
          const world = createWorld({ crypto });
          const sessions = world.sessions as unknown as Sessions<Loose>;
          const client = createClient();
          await visit(sessions, client, (s) => s.set("theme", "before"));
          const session = await sessions.load(requestOf({ cookie: client.cookie }));
          world.calls.length = 0;
          for (const [name, value] of steps) {
            const [call] = CALLS[name] ?? [() => {}];
            // What works may write; only failures are of interest here.
            const error = await outcome(() => call(session, sessions, value as never));
            if (error === undefined) return;
            expectTyped(error, name);
          }
          await sessions.commit(session);
          expect(world.calls).toEqual(expect.not.arrayContaining(["write", "delete", "touch"]));
          expect(session.get("theme")).toBe("before");
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("requests of all sorts", () => {
  const octets = fc.string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) });
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const tokenish = fc
    .tuple(
      fc.string({ unit: fc.constantFrom(...alphabet, ".", "=", "%", "é"), minLength: 40, maxLength: 46 }),
      fc.constantFrom("", ".", ".a", `.${"t".repeat(64)}`, `.${"t".repeat(65)}`, ".ü", "..", ";", '"'),
    )
    .map(([token, tag]) => `__Host-session=${token}${tag}`);
  const cookie = fc.oneof(
    octets,
    tokenish,
    fc.array(tokenish, { maxLength: 5 }).map((all) => all.join("; ")),
    fc.integer({ min: 1, max: 300 }).map((count) => `${"a=b; ".repeat(count)}__Host-session=${"x".repeat(43)}`),
    fc.constantFrom(
      "x".repeat(1_000_000),
      "__Host-session",
      "__Host-session=",
      "=;=;",
      "\u0000",
      `__Host-session=${"A".repeat(100_000)}`,
    ),
  );
  const request = fc.record({
    method: fc.oneof(fc.constantFrom("GET", "get", "POST", "pOsT", "PROPFIND", "", " ", "GET\r\n"), octets),
    cookie,
    headers: fc.dictionary(
      fc.constantFrom(
        "host",
        "origin",
        "sec-fetch-site",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-csrf-token",
      ),
      fc.oneof(
        octets,
        fc.constantFrom(
          "",
          "null",
          "::",
          "a,b,c",
          ",,,",
          "https://shop.example.com",
          "same-origin",
          "[",
          "]:",
          "10.0.0.1:99999",
        ),
      ),
    ),
    remoteAddress: fc.oneof(
      fc.constantFrom(undefined, "", "::ffff:10.0.0.5", "10.0.0.5", "fe80::1%eth0", "/run/sock", "["),
      octets,
    ),
    encrypted: fc.boolean(),
  });

  it.each([
    ["ids and origins", { trustProxy: ["10.0.0.0/8", "fe80::/10"] }],
    ["tokens", { csrf: "token" }],
    ["strict binding", { binding: "end", trustProxy: ["10.0.0.0/8"] }],
  ] as const)("load answers each with a session or a code: %s", async (_, options) => {
    const world = createWorld(options);
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "before"));
    const other = [...world.calls];
    await fc.assert(
      fc.asyncProperty(request, async (parts) => {
        world.calls.length = 0;
        const error = await outcome(async () => {
          const session = await world.sessions.load(requestOf(parts));
          expect([session.isNew, session.get("theme")]).toEqual([true, undefined]);
          expect((await world.sessions.commit(session)).setCookies).toEqual([]);
        });
        if (error !== undefined) {
          expectTyped(error, "load");
          expect(error.code).toBe("SESSION_CSRF_REFUSED");
          expect(error.message).not.toContain("__Host-session=");
          expect(error.message.length).toBeLessThan(2_000);
        }
        expect(world.calls.filter((name) => name !== "read")).toEqual([]);
      }),
      { numRuns: 400 },
    );
    expect(other).toContain("write");
    const { result } = await visit(world.sessions, client, (s) => s.get("theme"));
    expect(result).toBe("before");
  });

  it("a header function or getter that throws gives its own error, as a rejection", async () => {
    const { sessions } = createWorld();
    const own = new RangeError("mine");
    const throwing = () => {
      throw own;
    };
    const work = sessions.load({ ...requestOf(), header: throwing });
    await expect(work).rejects.toBe(own);
    const request: SessionRequest = Object.defineProperty({ ...requestOf() }, "method", { get: throwing });
    await expect(sessions.load(request)).rejects.toBe(own);
  });

  it("Node's own request is refused with a word on nodeRequest", async () => {
    const { sessions } = createWorld();
    const given = { method: "GET", url: "/", headers: { host: "a" }, socket: {} };
    expect(await failure(sessions.load(given as never))).toMatchObject({
      code: "ARGUMENT_INVALID",
      message: expect.stringContaining("nodeRequest"),
    });
  });
});

describe("hooks that promise", () => {
  it("and fail later end no process: onEvent, onEnd, onConflict, migrate", async () => {
    const late = async () => Promise.reject(new Error("later"));
    const world = createWorld({ onEvent: late as never });
    const listening = world.another({ onEvent: late as never });
    const client = createClient();
    await visit(listening, client, (s) => {
      s.set("theme", "a");
    });
    await visit(listening, client, (s) => {
      s.onEnd(late as never);
      return s.logout();
    });
    await world.runtime.settled();
    const messages = world.runtime.lines.map(({ message }) => message);
    expect(messages).toEqual(expect.arrayContaining(["onEvent threw", "an onEnd listener threw"]));

    const choosing = world.another({ onConflict: late });
    await visit(world.sessions, client, (s) => s.set("theme", "a"));
    const session = await choosing.load(requestOf({ cookie: client.cookie }));
    session.set("theme", `${session.get("theme")}!`);
    await visit(world.sessions, client, (s) => s.set("theme", "b"));
    expect(await failure(choosing.commit(session))).toMatchObject({ code: "SESSION_DATA_INVALID" });

    const migrating = world.another({ version: 2, migrate: late as never });
    const migrated = await migrating.load(requestOf({ cookie: client.cookie }));
    expect(await outcome(() => migrated.get("theme"))).toMatchObject({ code: "SESSION_DATA_INVALID" });
    await visit(world.sessions, client, (s) => expect(s.get("theme")).toBe("b"));
  });
});

describe("the table", () => {
  it("holds every code that is promised here", () => {
    for (const code of ["ARGUMENT_INVALID", "OPTIONS_INVALID", "SESSION_DATA_INVALID", "SESSION_OPERATION_INVALID"])
      expect(ERROR_TABLE).toHaveProperty(code);
  });
});
