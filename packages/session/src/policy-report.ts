import { formatDuration, type KeyRing } from "@sojourn/core";
import type { Carrier, TokenCarrier } from "./carrier.ts";
import type { BindingSignal } from "./events.ts";
import { guaranteesOf, type Living, PROMISE_NAMES, type Promised } from "./guarantees.ts";
import type { PolicyReport } from "./sessions.ts";
import type { Settings } from "./settings/settings.ts";
import type { AnyStore, NearCopies, WriteBehind } from "./store.ts";

/** Everything that an audit asks of a configuration, in words and numbers; no key and no secret. */
export function reportPolicy(
  settings: Settings,
  carrier: Carrier,
  store: AnyStore | undefined,
  ring: KeyRing | undefined,
): PolicyReport {
  const { browser, persistent } = settings;
  const lines: [name: string, value: string][] = [
    ["carrier", carrier.name],
    ...(carrier.header === undefined ? cookieRules(settings) : [headerRule(carrier.header)]),
    ["idle timeout", formatDuration(browser.idleMs)],
    ["absolute timeout", formatDuration(browser.absoluteMs)],
    ["idle timeout, persistent", formatDuration(persistent.idleMs)],
    ["absolute timeout, persistent", formatDuration(persistent.absoluteMs)],
    ["activity is noted at most every", formatDuration(settings.touchWindowMs)],
    ...(carrier.holds === "token" ? tokenRules(settings, carrier) : []),
    ["cross-site requests", crossSite(settings)],
    ["presented from another browser or system", bound(settings, "userAgent", carrier)],
    ["presented from another network", bound(settings, "address", carrier)],
    ["trusted proxies", settings.trustProxy.length === 0 ? "none" : settings.trustProxy.join(", ")],
    ["keys", ring === undefined ? "none: nothing is sealed" : describeKeys(ring)],
    ["data version", describeData(settings)],
  ];
  if (store === undefined) lines.push(...carriedGuarantees(settings, carrier));
  else lines.push(...storeGuarantees(settings, store));
  return reportOf(lines);
}

function cookieRules(settings: Settings): [string, string][] {
  return [
    ["cookie name", settings.cookie.name],
    ["cookie attributes", cookieAttributes(settings)],
    ["cookie lifetime", "until the browser closes; of persistent sessions as long as the session"],
  ];
}

function headerRule(header: string): [string, string] {
  return ["request header", `${header}; the client sends it by itself`];
}

function tokenRules(settings: Settings, carrier: TokenCarrier): [string, string][] {
  return [
    ["token", "256 bits from the system's random source; stored only as hashes"],
    ["token replaced", rotation(settings, carrier)],
    ["replaced token works for", `${formatDuration(settings.graceMs)}; after a login not at all`],
    ["replaced token presented later", settings.onReuse === "end" ? "ends the session" : "is reported"],
  ];
}

/** The words of docs/reference/guarantees.md, with this configuration's numbers. */
function guaranteesIn(settings: Settings, living: Living, store: AnyStore | undefined) {
  const copies = store === undefined ? "" : copiesHear(store);
  const facts = { copies, limit: limited(settings), down: storeDown(settings) };
  const kept = guaranteesOf(living, facts);
  return { ...kept, row: (promise: Promised): [string, string] => [PROMISE_NAMES[promise], kept[promise]] };
}

function storeGuarantees(settings: Settings, store: AnyStore): [string, string][] {
  const { shared } = store.traits;
  const told = store.watch === undefined ? "within 30s" : "at the store's news";
  const plain = shared ? "not encrypted" : "not encrypted; never leaves the process";
  const { row, logout, down } = guaranteesIn(settings, livingIn(store), store);
  return [
    ["store", store.traits.name],
    ["at rest", settings.atRest === "sealed" ? "AES-256-GCM under the key ring, bound to the session" : plain],
    ...(settings.atRest === "sealed" ? [sealedOnly(settings)] : []),
    row("updates"),
    ["conflicting sets", conflicts(settings)],
    ...(store.near === undefined ? [] : nearCopies(settings, store.near)),
    row("logout"),
    row("list"),
    row("limit"),
    row("revoke"),
    ["revokeAll", store.scan === undefined ? "unsupported: the store cannot be scanned" : logout],
    ...callGuarantees(settings, shared, told, down),
  ];
}

function livingIn({ near, traits }: AnyStore): Living {
  if (traits.atomic === false) return "borrowed";
  return near === undefined ? "store" : "tiered";
}

function copiesHear({ near, watch }: AnyStore): string {
  if (near === undefined) return "";
  const told = watch === undefined ? "after at most" : "at the store's news, after at most";
  return `${told} ${formatDuration(near.stalenessMs)}`;
}

function nearCopies(settings: Settings, near: NearCopies): [string, string][] {
  const { stalenessMs, maxRecords, maxBytes, writeBehind } = near;
  const bounds = `at most ${maxRecords} records of ${maxBytes} bytes together`;
  return [
    ["near copies", `${bounds}; one is believed for ${formatDuration(stalenessMs)}`],
    ...(writeBehind === undefined ? [] : [behind(settings, writeBehind)]),
  ];
}

function behind({ strict, onConflict }: Settings, { lagMs, maxOperations }: WriteBehind): [string, string] {
  const lost = `may lose up to ${formatDuration(lagMs)} of data changes if the process dies`;
  const decided = strict ? "strict" : onConflict && "onConflict";
  const through = decided === undefined ? "" : `; a set of what was read is written through (${decided})`;
  return ["write-behind", `${lost}; at most ${maxOperations} operations wait${through}`];
}

function carriedGuarantees(settings: Settings, carrier: Carrier): [string, string][] {
  const store = carrier.holds === "record" && carrier.revocation !== "none" ? carrier.revocation : undefined;
  const rules = carrier.holds === "record" ? carrier.rules : undefined;
  const { row, down } = guaranteesIn(settings, store === undefined ? "carried" : "denied", store);
  const common: [string, string][] = [
    ...(rules ?? [["at rest", "AES-256-GCM under the key ring, in the client's cookie"]]).map(
      ([name, value]): [string, string] => [name, value],
    ),
    row("updates"),
    row("limit"),
    row("list"),
    ["revokeAll", "unsupported; changing the keys ends every session"],
    row("logout"),
    row("revoke"),
  ];
  if (store === undefined) return [["store", "none"], ...common, row("down")];
  return [
    ["store", `${store.traits.name}, for what has ended before its time`],
    ...common,
    // Stores tell of what was deleted or changed, and an end is a record that was not there before.
    ...callGuarantees(settings, store.traits.shared, "within 30s", down),
  ];
}

function callGuarantees(settings: Settings, shared: boolean, told: string, down: string): [string, string][] {
  return [
    ...(shared ? [heard(told)] : []),
    [PROMISE_NAMES.down, down],
    ["store deadline", formatDuration(settings.storeDeadlineMs)],
    ["store breaker", breaker(settings)],
    ["commit deadline", formatDuration(settings.commitWithinMs)],
  ];
}

function rotation({ rotateAfterMs }: Settings, carrier: TokenCarrier): string {
  if (rotateAfterMs === undefined) return "at login and elevation only";
  if (carrier.replaces) return `after ${formatDuration(rotateAfterMs)}, and at login and elevation`;
  return "at login and elevation only: the carrier cannot replace it by itself";
}

function sealedOnly({ acceptPlain }: Settings): [string, string] {
  return ["records that are not sealed", acceptPlain ? "are sessions too (acceptPlain)" : "are no sessions"];
}

function heard(told: string): [string, string] {
  return ["live connections of other processes hear of an end", told];
}

function limited({ limit }: Settings): string {
  const beyond = limit.onLimit === "reject" ? "is refused" : "ends the user's oldest session";
  return `${limit.sessions}; a login beyond them ${beyond}`;
}

function conflicts({ strict, onConflict }: Settings): string {
  if (strict) return "refused: SESSION_CONFLICT (409)";
  return onConflict === undefined ? "the last write wins, and is reported" : "decided by onConflict";
}

function storeDown({ onStoreDown, lastKnownForMs }: Settings): string {
  const fails = "SESSION_STORE_DOWN (503)";
  if (onStoreDown === "fail") return fails;
  const served =
    onStoreDown === "anonymous" ? "anonymously" : `with what was known at most ${formatDuration(lastKnownForMs)} ago`;
  return `requests are served ${served}, read-only; what changes a session: ${fails}`;
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

function bound({ binding }: Settings, signal: BindingSignal, carrier: Carrier): string {
  // Nothing is kept that could be ended: the cookie goes on working where it came from.
  const lasting = carrier.holds === "record" && carrier.revocation === "none";
  if (lasting && binding?.[signal] === "end") return "is no session there";
  return BOUND[binding?.[signal] ?? "off"];
}

/** As the header says them. */
function cookieAttributes({ cookie, insecureLoopback }: Settings): string {
  const attributes = cookie.set("").slice(`${cookie.name}=; `.length);
  return insecureLoopback ? `${attributes} (not Secure: only for http on this machine)` : attributes;
}

function describeKeys({ keyIds, sealingKeyId }: KeyRing): string {
  const others = keyIds.filter((id) => id !== sealingKeyId);
  const opening = others.length === 0 ? "" : `; ${others.join(", ")} only ${others.length === 1 ? "opens" : "open"}`;
  return `${sealingKeyId} seals and opens${opening}`;
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
