import { SojournError } from "@sojourn/core";
import { optionInvalid } from "../option-check.ts";

type Loose = Readonly<Record<string, unknown>>;

const STORE_METHODS = ["read", "write", "delete"];
/** What a store may have besides. */
const STORE_EXTRAS = ["touch", "sweep", "scan", "watch", "nowMs", "close"];

/**
 * Whether store and carrier are what they are taken for: a wrong one is told of now, not by the first request.
 * @param withStore options that mean nothing unless a store holds the sessions.
 * @param calls options that mean nothing without any store.
 * @throws OPTIONS_INVALID UNSUPPORTED
 */
export function checkParts(options: object, withStore: readonly string[], calls: readonly string[]): void {
  const given = options as Loose;
  if (given.carrier !== undefined) checkCarrier(partsOf(given.carrier));
  const { holds, name, replaces, revocation, header } = partsOf(given.carrier);
  if (header !== undefined && given.cookie !== undefined) {
    const part = `the carrier ${String(name)}, which sets no cookie`;
    throw new SojournError("UNSUPPORTED", { feature: "cookie", part, how: "leave it out" });
  }
  if (holds !== "record") {
    checkStore(given.store, "store");
    if (replaces !== false || (given.rotateAfter ?? false) === false) return;
    const part = `the carrier ${String(name)}, which cannot replace a client's token by itself`;
    throw new SojournError("UNSUPPORTED", { feature: "rotateAfter", part, how: "leave it out" });
  }
  const revokes = revocation !== "none";
  if (revokes) checkStore(revocation, "carrier.revocation");
  if (partsOf(partsOf(revocation).near).writeBehind !== undefined) {
    const part = "a revocation store, which keeps no session's data";
    throw new SojournError("UNSUPPORTED", { feature: "writeBehind", part, how: "leave it out" });
  }
  const feature = [...withStore, ...(revokes ? [] : calls)].find((option) => given[option] !== undefined);
  if (feature === undefined) return;
  const part = `the carrier ${String(name)}, which ${revokes ? "keeps no sessions in its store" : "needs no store"}`;
  throw new SojournError("UNSUPPORTED", { feature, part, how: "leave it out, or keep the sessions in a store" });
}

function checkCarrier({ holds, name, bind, replaces, header }: Loose): void {
  const placed = header === undefined || typeof header === "string";
  const whole = placed && typeof name === "string" && typeof bind === "function";
  if (whole && (holds === "record" || (holds === "token" && typeof replaces === "boolean"))) return;
  throw optionInvalid(
    "carrier",
    "is not a carrier",
    "give sealedCookie(…) or another carrier, or leave it out for an ID cookie",
  );
}

function checkStore(store: unknown, where: string): void {
  const has = partsOf(store);
  if (STORE_METHODS.some((name) => typeof has[name] !== "function")) {
    throw optionInvalid(
      where,
      store === undefined ? "is missing" : "is not a store",
      "give memoryStore(), sqliteStore(path) or another store, or a carrier that needs none",
    );
  }
  const extra = STORE_EXTRAS.find((name) => has[name] !== undefined && typeof has[name] !== "function");
  if (extra !== undefined) throw optionInvalid(`${where}.${extra}`, "is not a function", "give one, or leave it out");
  if (has.near !== undefined) checkNear(partsOf(has.near), where);
  const { name, shared } = partsOf(has.traits);
  if (typeof name !== "string" || typeof shared !== "boolean")
    throw optionInvalid(where, "does not say its traits", "give it traits: { name, shared }");
}

function checkNear(near: Loose, where: string): void {
  const whole = ["get", "fetch", "lastKnown"].every((name) => typeof near[name] === "function");
  const { lagMs, maxOperations } = partsOf(near.writeBehind);
  const waits = near.writeBehind === undefined || (Number.isFinite(lagMs) && Number.isFinite(maxOperations));
  if (whole && waits && Number.isFinite(near.stalenessMs)) return;
  throw optionInvalid(`${where}.near`, "keeps no near copies", "make the store with tieredStore(…), or leave it out");
}

function partsOf(value: unknown): Loose {
  return typeof value === "object" && value !== null ? (value as Loose) : {};
}
