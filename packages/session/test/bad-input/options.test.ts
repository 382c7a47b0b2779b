import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionsOptions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KEY_A, requestOf } from "../engine/support.ts";
import { ANYTHING, expectTyped, outcome, told } from "./wrong-values.ts";

/** Every option, and which of the wrong values are none. */
const isRecord = (value: unknown) => typeof value === "object" && value !== null;
const isPlainEmpty = (value: unknown) =>
  isRecord(value) && !Array.isArray(value) && Object.keys(value as object).length === 0;
const isFlag = (value: unknown) => typeof value === "boolean";
const isFunction = (value: unknown) => typeof value === "function";
const never = () => false;
const OPTIONS: Readonly<Record<string, (value: unknown) => boolean>> = {
  keys: never,
  idle: never,
  absolute: never,
  persistent: isPlainEmpty,
  touchWindow: (value) => value === 0,
  rotateAfter: (value) => value === false,
  grace: (value) => value === 0,
  onReuse: never,
  binding: isPlainEmpty,
  cookie: isPlainEmpty,
  trustProxy: (value) => Array.isArray(value) && value.length === 0,
  csrf: never,
  schema: never,
  codec: never,
  version: never,
  migrate: never,
  writeVersion: never,
  downgrade: never,
  onEvent: isFunction,
  audit: never,
  telemetry: never,
  runtime: isRecord,
  env: isRecord,
  carrier: never,
  store: never,
  limit: never,
  strict: isFlag,
  onConflict: isFunction,
  commitWithin: never,
  storeDeadline: never,
  breaker: (value) => value === false || isPlainEmpty(value),
  onStoreDown: never,
  atRest: never,
  acceptPlain: (value) => value === false,
  "cookie.name": (value) => value === "soon",
  "cookie.domain": (value) => value === "soon",
  "cookie.path": never,
  "cookie.sameSite": never,
  "cookie.partitioned": isFlag,
  "cookie.insecureLoopback": isFlag,
  "persistent.idle": never,
  "persistent.absolute": never,
  "limit.sessions": never,
  "limit.onLimit": never,
  "breaker.failures": never,
  "breaker.pause": never,
  "breaker.longestPause": never,
  "binding.userAgent": never,
  "binding.address": never,
  "runtime.clock": never,
  "runtime.random": never,
  "runtime.logger": never,
  "runtime.crypto": never,
  "runtime.waitUntil": isFunction,
  "store.touch": isFunction,
  "store.sweep": isFunction,
  "store.scan": isFunction,
  "store.watch": isFunction,
  "store.nowMs": isFunction,
};

/** What must stand beside a nested option. */
const BESIDE: Readonly<Record<string, object>> = { limit: { sessions: 1 }, store: memoryStore() };

function optionsWith(path: string, value: unknown): SessionsOptions {
  const [name = "", nested] = path.split(".");
  const given = nested === undefined ? value : { ...BESIDE[name], [nested]: value };
  return { store: memoryStore(), env: {}, runtime: createFakeRuntime(), [name]: given } as unknown as SessionsOptions;
}

describe("each option with every kind of value", () => {
  it.each(Object.entries(OPTIONS))("%s", async (path, allows) => {
    for (const value of ANYTHING) {
      const error = await outcome(() => createSessions(optionsWith(path, value)));
      const what = `${path}: ${told(value)}`;
      if (error === undefined && allows(value)) continue;
      if (error === undefined) throw new Error(`${what} was taken`);
      expectTyped(error, what);
      expect(error.code).toMatch(
        /^(OPTIONS_INVALID|DURATION_INVALID|DURATION_OUT_OF_RANGE|KEY_INVALID|KEY_RING_UNUSABLE|COOKIE_(NAME|ATTRIBUTE)_INVALID)$/,
      );
      const name = path.split(".").at(-1) ?? "";
      expect(error.message.toLowerCase(), what).toContain(name.toLowerCase());
      expect(error.mend.length, what).toBeGreaterThan(10);
    }
  });

  it.each(["no options", ...ANYTHING.filter((value) => !isRecord(value))])(
    "instead of all options: %o",
    async (value) => {
      const error = await outcome(() => createSessions((value === "no options" ? undefined : value) as never));
      expectTyped(error, told(value));
      expect(error).toMatchObject({ code: "OPTIONS_INVALID" });
    },
  );

  it("any two wrong values at once: a typed error, or sessions that work", async () => {
    const one = fc.tuple(fc.constantFrom(...Object.keys(OPTIONS)), fc.constantFrom(...ANYTHING));
    await fc.assert(
      fc.asyncProperty(one, one, async ([a, x], [b, y]) => {
        const error = await outcome(async () => {
          const options = { ...optionsWith(a, x), ...optionsWith(b, y) };
          if (typeof options.onEvent === "function" || typeof options.runtime?.waitUntil === "function") return;
          const sessions = createSessions({ runtime: createFakeRuntime(), ...options } as SessionsOptions);
          const session = await sessions.load(requestOf());
          session.set("a", 1);
          expect((await sessions.commit(session)).setCookies).toHaveLength(1);
        });
        if (error !== undefined) expectTyped(error, `${a}: ${told(x)}, ${b}: ${told(y)}`);
      }),
      { numRuns: 300 },
    );
  });
});

describe("carriers", () => {
  const sealed = sealedCookie({ revocation: "none" });
  it.each([
    ["without a bind", { ...sealed, bind: undefined }],
    ["without a name", { ...sealed, name: undefined }],
    ["of a token, that does not say whether it replaces", { ...sealed, holds: "token" }],
    ["of something else", { ...sealed, holds: "hands" }],
  ])("%s are refused", async (_, carrier) => {
    const error = await outcome(() =>
      createSessions({ carrier, keys: KEY_A, env: {}, store: memoryStore() } as unknown as SessionsOptions),
    );
    expect(error).toMatchObject({ code: "OPTIONS_INVALID", message: expect.stringContaining("carrier") });
  });
});

describe("errors of options", () => {
  it("never quote a key", async () => {
    const secret = "A".repeat(42);
    for (const keys of [`${KEY_A}x`, [KEY_A, KEY_A], `opens:${KEY_A}`, KEY_A.replace("sjk1", "sjk9"), [[KEY_A]]]) {
      const error = await outcome(() => createSessions(optionsWith("keys", keys)));
      expectTyped(error, "keys");
      expect(JSON.stringify([error.message, error.params])).not.toContain(secret);
    }
  });
});
