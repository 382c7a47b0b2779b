/** What the supervisor and its shops say to each other over the IPC channel, and how the demo is set up. */

export const SHOP_NAMES = ["shop-1", "shop-2", "shop-3"] as const;

export const AFFINITIES = ["none", "cookie", "ip", "header"] as const;
export type DemoAffinity = (typeof AFFINITIES)[number];

/** `local` keeps each shop's sessions in its own memory, so that they die with it. */
export const SESSION_PLACES = ["local", "shared"] as const;
export type SessionPlace = (typeof SESSION_PLACES)[number];

export interface DemoMode {
  readonly affinity: DemoAffinity;
  readonly sessions: SessionPlace;
}

/** The header that carries the affinity key under `--affinity header`. */
export const AFFINITY_KEY_HEADER = "X-Session-ID";

export const VERBS = ["kill", "restart", "drain", "enable"] as const;
export type Verb = (typeof VERBS)[number];

export function isVerb(text: string): text is Verb {
  return (VERBS as readonly string[]).includes(text);
}

/** How one of the three servers is, seen by supervisor and balancer together. */
export interface ServerView {
  readonly name: string;
  readonly condition: "up" | "draining" | "drained" | "starting" | "stopping" | "down";
  /** Of its process; undefined while it has none. */
  readonly pid: number | undefined;
  /** Clients that the balancer keeps there; undefined while it does not know. */
  readonly bound: number | undefined;
}

/** What a shop process is started with, as JSON in `SOJOURN_SHOP`. Keys travel in `SOJOURN_KEYS`. */
export interface ShopSetup {
  readonly name: string;
  /** 0 takes a free one; a restarted shop takes its former one. */
  readonly port: number;
  readonly mode: DemoMode;
  /** Holds the shared database; removed when the demo ends, whoever ends last. */
  readonly folder: string;
  /** Base URL of the control, named on the page. */
  readonly control: string;
}

export type Ask = { readonly verb: "look" } | { readonly verb: Verb; readonly server: string };

export type FromShop =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "ask"; readonly id: number; readonly ask: Ask }
  /** The response to the request that asked has left this process. */
  | { readonly kind: "answered"; readonly id: number };

export type Reply =
  | { readonly ok: true; readonly servers: readonly ServerView[] }
  | { readonly ok: false; readonly status: number; readonly reason: string };

export type ToShop = { readonly kind: "reply"; readonly id: number; readonly reply: Reply } | { readonly kind: "stop" };
