import { formatDuration, type KeyRing } from "@sojourn/core";
import type { Carrier } from "./carrier.ts";
import type { BindingSignal } from "./events.ts";
import type { PolicyReport } from "./sessions.ts";
import type { Settings } from "./settings/settings.ts";
import type { AnyStore } from "./store.ts";

/** Everything that an audit asks of a configuration, in words and numbers; no key and no secret. */
export function reportPolicy(
  settings: Settings,
  carrier: Carrier,
  store: AnyStore | undefined,
  ring: KeyRing | undefined,
): PolicyReport {
  const { cookie, limit, browser, persistent } = settings;
  const lines: [name: string, value: string][] = [
    ["idle timeout", formatDuration(browser.idleMs)],
    ["absolute timeout", formatDuration(browser.absoluteMs)],
    ["idle timeout, persistent", formatDuration(persistent.idleMs)],
    ["absolute timeout, persistent", formatDuration(persistent.absoluteMs)],
    ["activity is noted at most every", formatDuration(settings.touchWindowMs)],
    ["token replaced after", rotation(settings, carrier)],
    ["replaced token works for", formatDuration(settings.graceMs)],
    ["replaced token presented later", settings.onReuse === "end" ? "ends the session" : "is reported"],
    ["token", carrier.holds === "token" ? "256 bits from the system's random source; stored only as hashes" : "none"],
    ["cookie", describeCookie(settings)],
    ["cross-site requests", crossSite(settings)],
    ["token from another browser or system", bound(settings, "userAgent", carrier)],
    ["token from another network", bound(settings, "address", carrier)],
    ["trusted proxies", settings.trustProxy.length === 0 ? "none" : settings.trustProxy.join(", ")],
    ["carrier", carrier.name],
    ["keys", ring === undefined ? "none" : `${ring.keyIds.join(", ")} (${ring.sealingKeyId} seals)`],
    ["data version", describeData(settings)],
    ["cookie name", cookie.name],
  ];
  if (store === undefined) lines.push(...carriedGuarantees());
  else lines.push(...storeGuarantees(settings, store, limit));
  return reportOf(lines);
}

function storeGuarantees(settings: Settings, store: AnyStore, limit: Settings["limit"]): [string, string][] {
  const told = store.watch === undefined ? "within 30s" : "at the store's news";
  return [
    ["store", store.traits.name],
    ["at rest", settings.atRest === "sealed" ? "AES-256-GCM under the key ring, bound to the session" : "plain"],
    ["plain records", settings.acceptPlain || settings.atRest === "plain" ? "accepted" : "no session"],
    ["lost updates", "none: operations are replayed by compare-and-set"],
    ["conflicting sets", conflicts(settings)],
    ["logout", "final when it resolves"],
    ["sessions a user", limit === undefined ? "no limit" : `${limit.sessions}; beyond it: ${limit.onLimit}`],
    ["revokeUser", "final when it resolves"],
    ["revokeAll", store.scan === undefined ? "unsupported" : "by scanning"],
    ["live connections elsewhere hear of an end", told],
    ["store does not answer", storeDown(settings)],
    ["store deadline", formatDuration(settings.storeDeadlineMs)],
    ["store breaker", breaker(settings)],
    ["commit deadline", formatDuration(settings.commitWithinMs)],
  ];
}

function carriedGuarantees(): [string, string][] {
  return [
    ["store", "none"],
    ["at rest", "AES-256-GCM under the key ring, in the client's cookie"],
    ["lost updates", "possible: of parallel responses the last one stays"],
    ["logout", "clears the cookie; a copy works until it expires (revocation: none)"],
    ["sessions a user", "no limit possible"],
    ["revokeUser", "unsupported"],
    ["revokeAll", "unsupported; changing the keys ends every session"],
  ];
}

function rotation({ rotateAfterMs }: Settings, carrier: Carrier): string {
  if (carrier.holds === "record") return "there is none";
  if (rotateAfterMs === undefined) return "login and elevation only";
  return carrier.replaces ? formatDuration(rotateAfterMs) : "login and elevation only: the carrier cannot replace it";
}

function conflicts({ strict, onConflict }: Settings): string {
  if (strict) return "SESSION_CONFLICT";
  return onConflict === undefined ? "the last write wins, and is reported" : "decided by onConflict";
}

function storeDown({ onStoreDown }: Settings): string {
  const fails = "SESSION_STORE_DOWN (503)";
  return onStoreDown === "fail"
    ? fails
    : `requests are served anonymously, read-only; what changes a session: ${fails}`;
}

function breaker({ breaker: { failures, pauseMs, longestPauseMs } }: Settings): string {
  if (failures === Number.POSITIVE_INFINITY) return "off";
  return `after ${failures} failures in a row; pauses of ${formatDuration(pauseMs)} to ${formatDuration(longestPauseMs)}`;
}

function crossSite({ csrf }: Settings): string {
  if (csrf === "off") return "not judged";
  const vouched = "refused by Sec-Fetch-Site and Origin";
  return csrf === "origin" ? vouched : `${vouched}; without them a synchronizer token is needed`;
}

const BOUND = {
  off: "is served",
  report: "is served and reported",
  "step-up": "is served at level 0 until its owner proves who they are",
  end: "ends the session",
} as const;

function bound({ binding }: Settings, signal: BindingSignal, { holds }: Carrier): string {
  // Nothing is kept that could be ended: the cookie goes on working where it came from.
  if (holds === "record" && binding?.[signal] === "end") return "is no session there";
  return BOUND[binding?.[signal] ?? "off"];
}

function describeCookie({ cookie: { name, attributes }, insecureLoopback }: Settings): string {
  const parts = [name, attributes.secure ? "Secure" : "not Secure", "HttpOnly", `SameSite=${attributes.sameSite}`];
  parts.push(`Path=${attributes.path}`);
  if (attributes.domain !== undefined) parts.push(`Domain=${attributes.domain}`);
  if (attributes.partitioned) parts.push("Partitioned");
  if (insecureLoopback) parts.push("loopback only");
  return parts.join("; ");
}

function describeData({ data: { version, writeVersion } }: Settings): string {
  return version === writeVersion ? String(version) : `${version}, written as ${writeVersion}`;
}

function reportOf(lines: readonly [name: string, value: string][]): PolicyReport {
  const rows = Object.freeze(lines.map(([name, value]) => Object.freeze({ name, value })));
  return Object.freeze({
    rows,
    toString: () => rows.map(({ name, value }) => `${name}: ${value}`).join("\n"),
  });
}
