import { type DemoMode, SHOP_NAMES, VERBS } from "./protocol.ts";

const DEEDS = [...VERBS, "login", "logout", "add", "last"] as const;
type Deed = (typeof DEEDS)[number];

/** What the visitor did, and how things stood before. Travels in the address of the page that follows. */
export interface Before {
  readonly did: Deed | undefined;
  /** The server that something was done to. */
  readonly on: string | undefined;
  /** The server that answered before. */
  readonly was: string | undefined;
  /** Items in the cart before. */
  readonly had: number;
}

export interface Now {
  readonly servedBy: string;
  readonly user: string | undefined;
  readonly items: number;
  readonly mode: DemoMode;
}

/** Takes only values it knows: the address is anybody's to write. */
export function readBefore(query: URLSearchParams): Before {
  const server = (name: string) => SHOP_NAMES.find((known) => known === query.get(name));
  const had = Number(query.get("had"));
  return {
    did: DEEDS.find((known) => known === query.get("did")),
    on: server("on"),
    was: server("was"),
    had: Number.isSafeInteger(had) && had > 0 ? had : 0,
  };
}

export function writeBefore(before: Partial<Before>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(before)) if (value !== undefined) query.set(name, String(value));
  return query.toString();
}

/** One or a few sentences on what just happened; empty when nothing is worth saying. */
export function describe(before: Before, now: Now): string {
  return [deed(before, now), whereabouts(before, now), cart(before, now)].filter((text) => text !== "").join(" ");
}

function deed({ did, on, was }: Before, { user, servedBy }: Now): string {
  const server = on ?? "The server";
  switch (did) {
    case undefined:
      return "";
    case "kill":
      return `${server} was killed.`;
    case "restart":
      return on === was ? `${server} is restarting.` : `${server} is back and takes clients again.`;
    case "drain":
      return `${server} is draining: it keeps the clients it has and takes no new ones.`;
    case "enable":
      return `${server} takes new clients again.`;
    case "last":
      return `${server} is the last one standing, and this page lives on it. Restart another one first.`;
    case "login":
      return user === undefined ? "" : `Welcome, ${user}. Your session got a new secret and kept its cart.`;
    case "logout":
      return "You are logged out, for good. The balancer let go of you too.";
    case "add":
      return `${servedBy} put that in your cart.`;
  }
}

function whereabouts({ did, on, was }: Before, { servedBy, mode }: Now): string {
  if (was === undefined || did === "last" || did === "add" || did === "login") return "";
  if (mode.affinity === "none") return did === undefined ? "" : `This page came from ${servedBy}.`;
  if (was !== servedBy)
    return did === undefined ? `You were moved from ${was} to ${servedBy}.` : `You are now on ${servedBy}.`;
  return did === undefined || on === undefined ? "" : `You are still on ${servedBy}.`;
}

function cart({ did, had, was }: Before, { items, mode, servedBy }: Now): string {
  if (had === 0 || did === "logout") return "";
  if (items < had) {
    return mode.sessions === "local"
      ? `Your cart is gone: it stayed in the memory of ${was ?? "the other server"}, and ${servedBy} has never seen you.`
      : "Your session has ended, and your cart with it.";
  }
  const movedOrTouched = was !== servedBy || did === "kill" || did === "restart";
  return movedOrTouched && did !== "add" && did !== "login" ? "Your cart is still here." : "";
}
