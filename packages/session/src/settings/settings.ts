import {
  type CookieWriter,
  createCookieWriter,
  type Duration,
  formatDuration,
  parseDuration,
  SojournError,
} from "@sojourn/core";
import type { BindingSignal } from "../events.ts";
import { checkFunction, checkKeys, checkMethods, flag, oneOf, optionInvalid, wholeNumber } from "../option-check.ts";
import type {
  BindingPolicy,
  Conflict,
  CookieOptions,
  SchemaOptions,
  SessionsOptions,
  StoreOptions,
} from "../options.ts";
import type { Lifetimes } from "../policy.ts";
import type { DataRules } from "../record/data-codec.ts";
import { resolveData } from "./data-settings.ts";
import { checkParts } from "./parts-check.ts";

/** The options with every default filled in and every duration in ms. Resolved once, frozen. */
export interface Settings {
  readonly production: boolean;
  readonly browser: Lifetimes;
  readonly persistent: Lifetimes;
  readonly touchWindowMs: number;
  readonly rotateAfterMs: number | undefined;
  readonly graceMs: number;
  readonly onReuse: "end" | "report";
  readonly cookie: CookieWriter;
  readonly insecureLoopback: boolean;
  readonly csrf: "origin" | "token" | "off";
  /** Absent: nothing is bound. */
  readonly binding: Readonly<Record<BindingSignal, BindingPolicy>> | undefined;
  readonly trustProxy: readonly string[];
  readonly data: DataRules;
  readonly limit: { readonly sessions: number; readonly onLimit: "reject" | "end-oldest" };
  readonly strict: boolean;
  readonly onConflict: ((conflict: Conflict) => unknown) | undefined;
  readonly commitWithinMs: number;
  readonly storeDeadlineMs: number;
  /** `failures` is Infinity where there is none. */
  readonly breaker: { readonly failures: number; readonly pauseMs: number; readonly longestPauseMs: number };
  readonly onStoreDown: "fail" | "anonymous" | "last-known";
  readonly lastKnownForMs: number;
  readonly atRest: "sealed" | "plain";
  readonly acceptPlain: boolean;
}

export function lifetimesOf(settings: Settings, persistent: boolean): Lifetimes {
  return persistent ? settings.persistent : settings.browser;
}

const COMMON =
  "keys idle absolute persistent touchWindow binding cookie trustProxy csrf schema codec version migrate writeVersion downgrade onEvent audit telemetry runtime env carrier";
const WITH_STORE = "store rotateAfter grace onReuse limit lastKnownFor strict onConflict atRest acceptPlain".split(" ");
const CALLS = ["commitWithin", "storeDeadline", "breaker", "onStoreDown"];
const KNOWN = [...COMMON.split(" "), ...WITH_STORE, ...CALLS];
const COOKIE_KEYS = ["name", "domain", "path", "sameSite", "partitioned", "insecureLoopback"];

type Env = Readonly<Record<string, string | undefined>>;

/** @throws OPTIONS_INVALID UNSUPPORTED DURATION_INVALID DURATION_OUT_OF_RANGE COOKIE_PREFIX_VIOLATED and the cookie's others */
export function resolveSettings(options: SessionsOptions & SchemaOptions<object>, env: Env): Settings {
  checkKeys(options, KNOWN, "options");
  if (options.env !== undefined && typeof options.env !== "object")
    throw optionInvalid("env", "is not an object", "give one like process.env, or leave it out");
  checkParts(options, WITH_STORE, CALLS);
  const production = env.NODE_ENV === "production";
  const browser = lifetimes(options, "", { idleMs: 30 * 60_000, absoluteMs: 12 * 3_600_000 });
  if (options.persistent !== undefined) checkKeys(options.persistent, ["idle", "absolute"], "persistent");
  const persistent = lifetimes(options.persistent ?? {}, "persistent.", browser);
  const touchWindowMs = duration(options.touchWindow, "touchWindow", "1m", 0);
  for (const { idleMs } of [browser, persistent]) {
    if (touchWindowMs * 2 > idleMs) {
      throw optionInvalid(
        "touchWindow",
        "is more than half of the idle deadline",
        "shorten it, or active sessions end early",
      );
    }
    const { refresh } = options.store === undefined ? options.carrier : {};
    if (refresh !== undefined && refresh.accessForMs * 2 > idleMs) {
      throw optionInvalid(
        "carrier.refresh.accessFor",
        "is more than half of the idle deadline",
        "shorten it, or lengthen idle: only a refresh moves the deadline",
      );
    }
  }
  const withStore: Partial<StoreOptions> = options.store === undefined ? {} : options;
  const strict = flag(withStore.strict, "strict");
  if (strict && withStore.onConflict !== undefined) {
    throw optionInvalid("strict", "contradicts onConflict", "leave one of them out: strict throws, onConflict chooses");
  }
  checkFunction(options.onEvent, "onEvent");
  checkMethods(options.audit, ["write"], "audit");
  checkMethods(options.telemetry, ["trace", "event"], "telemetry");
  checkFunction(withStore.onConflict, "onConflict");
  const shared = withStore.store?.traits.shared ?? false;
  const atRest = oneOf(withStore.atRest, ["sealed", "plain"], "atRest") ?? (shared ? "sealed" : "plain");
  const acceptPlain = flag(withStore.acceptPlain, "acceptPlain");
  if (acceptPlain && atRest === "plain") {
    throw optionInvalid(
      "acceptPlain",
      'contradicts atRest: "plain"',
      "leave it out, or seal: acceptPlain reads plain records while new ones are sealed",
    );
  }
  return Object.freeze({
    production,
    browser,
    persistent,
    touchWindowMs,
    rotateAfterMs:
      withStore.rotateAfter === false ? undefined : duration(withStore.rotateAfter, "rotateAfter", "1h", 1_000),
    graceMs: duration(withStore.grace, "grace", "30s", 0, 3_600_000),
    onReuse: oneOf(withStore.onReuse, ["end", "report"], "onReuse") ?? "end",
    cookie: cookieWriter(options.cookie ?? {}, production),
    insecureLoopback: options.cookie?.insecureLoopback ?? false,
    csrf:
      oneOf(options.csrf, ["origin", "token", "off"], "csrf") ??
      (options.carrier?.header === undefined ? "origin" : "off"),
    binding: resolveBinding(options.binding),
    trustProxy: options.trustProxy ?? [],
    data: resolveData(options),
    limit: resolveLimit(withStore.limit),
    strict,
    onConflict: withStore.onConflict,
    commitWithinMs: duration(options.commitWithin, "commitWithin", "5s", 1, 600_000),
    storeDeadlineMs: duration(options.storeDeadline, "storeDeadline", "2s", 1, 600_000),
    breaker: resolveBreaker(options.breaker),
    onStoreDown: resolveStoreDown(options),
    lastKnownForMs: resolveLastKnown(withStore),
    atRest,
    acceptPlain,
  });
}

function duration(
  value: Duration | undefined,
  where: string,
  fallback: Duration,
  minMs: number,
  maxMs?: number,
): number {
  return parseDuration(value ?? fallback, where, maxMs === undefined ? { minMs } : { minMs, maxMs });
}

function lifetimes(given: { idle?: Duration; absolute?: Duration }, prefix: string, fallback: Lifetimes): Lifetimes {
  const idleMs = duration(given.idle, `${prefix}idle`, fallback.idleMs, 1_000);
  const absoluteMs = duration(given.absolute, `${prefix}absolute`, fallback.absoluteMs, 1_000);
  if (idleMs > absoluteMs) {
    const source = prefix === "" ? "" : "that of absolute, ";
    const unsaid = given.absolute === undefined ? `, which is ${source}${formatDuration(absoluteMs)} by default` : "";
    throw optionInvalid(
      `${prefix}idle`,
      `is longer than ${prefix}absolute${unsaid}`,
      unsaid === "" ? "shorten it, or lengthen the other" : `shorten it, or give ${prefix}absolute as well`,
    );
  }
  return Object.freeze({ idleMs, absoluteMs });
}

/** Far more than anybody has devices, and few enough for a list that every login reads and writes whole. */
const USUAL_LIMIT = 1_000;

function resolveLimit(limit: StoreOptions["limit"] = { sessions: USUAL_LIMIT }): Settings["limit"] {
  checkKeys(limit, ["sessions", "onLimit"], "limit");
  const sessions = wholeNumber(limit.sessions, "limit.sessions", 1, 10_000);
  if (sessions === undefined)
    throw optionInvalid("limit.sessions", "is missing", "say how many sessions a user may have");
  return Object.freeze({
    sessions,
    onLimit: oneOf(limit.onLimit, ["reject", "end-oldest"], "limit.onLimit") ?? "end-oldest",
  });
}

function resolveBreaker(breaker: StoreOptions["breaker"] = {}): Settings["breaker"] {
  if (breaker === false) return Object.freeze({ failures: Number.POSITIVE_INFINITY, pauseMs: 0, longestPauseMs: 0 });
  checkKeys(breaker, ["failures", "pause", "longestPause"], "breaker");
  const pauseMs = duration(breaker.pause, "breaker.pause", "1s", 1, 600_000);
  const longestFallback = Math.max(pauseMs, 30_000);
  const longestPauseMs = duration(breaker.longestPause, "breaker.longestPause", longestFallback, 1, 600_000);
  if (longestPauseMs < pauseMs) {
    throw optionInvalid("breaker.longestPause", "is shorter than breaker.pause", "lengthen it, or shorten the other");
  }
  const failures = wholeNumber(breaker.failures, "breaker.failures", 1, 1_000) ?? 5;
  return Object.freeze({ failures, pauseMs, longestPauseMs });
}

function resolveStoreDown({ onStoreDown, store }: SessionsOptions): Settings["onStoreDown"] {
  const chosen = oneOf(onStoreDown, ["fail", "anonymous", "last-known"], "onStoreDown") ?? "fail";
  if (chosen !== "last-known" || store?.near !== undefined) return chosen;
  const how = 'choose "fail" or "anonymous": only a tiered store keeps what it last read';
  const part = `the store ${store?.traits.name ?? "of revocation"}`;
  throw new SojournError("UNSUPPORTED", { feature: 'onStoreDown: "last-known"', part, how });
}

function resolveLastKnown({ lastKnownFor, onStoreDown }: Partial<StoreOptions>): number {
  if (lastKnownFor !== undefined && onStoreDown !== "last-known") {
    const how = 'choose onStoreDown: "last-known", or leave it out';
    throw new SojournError("UNSUPPORTED", { feature: "lastKnownFor", part: "this choice of onStoreDown", how });
  }
  return duration(lastKnownFor, "lastKnownFor", "60s", 1, 60_000);
}

function resolveBinding(binding: SessionsOptions["binding"] = "report"): Settings["binding"] {
  const policies = ["off", "report", "step-up", "end"] as const;
  if (typeof binding !== "string") checkKeys(binding, ["userAgent", "address"], "binding");
  const given = typeof binding === "string" ? { userAgent: binding, address: binding } : binding;
  const where = (name: BindingSignal) => (typeof binding === "string" ? "binding" : `binding.${name}`);
  const userAgent = oneOf(given.userAgent, policies, where("userAgent")) ?? "report";
  const address = oneOf(given.address, policies, where("address")) ?? "report";
  return userAgent === "off" && address === "off" ? undefined : Object.freeze({ userAgent, address });
}

function cookieWriter(cookie: CookieOptions, production: boolean): CookieWriter {
  checkKeys(cookie, COOKIE_KEYS, "cookie");
  const insecure = flag(cookie.insecureLoopback, "cookie.insecureLoopback");
  if (insecure && production) {
    throw optionInvalid(
      "cookie.insecureLoopback",
      "is refused under NODE_ENV=production",
      "leave it out and serve https, or trust the proxy that does (trustProxy)",
    );
  }
  const { insecureLoopback: _, name, ...attributes } = cookie;
  const hostOnly = cookie.domain === undefined && (cookie.path === undefined || cookie.path === "/");
  const fallback = insecure ? "session" : hostOnly ? "__Host-session" : "__Secure-session";
  return createCookieWriter(name ?? fallback, { ...attributes, secure: !insecure, httpOnly: true });
}
