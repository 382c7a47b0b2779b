import type { StoreOptions } from "../options.ts";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import type { Browser, BrowserOptions } from "./browser.ts";
import type { HeldStore } from "./held-store.ts";

export interface FixtureData {
  visits: number;
  items: string[];
  note: string;
}

/** What a route of the fixture app answers. A body in pieces is sent piece by piece, as each comes. */
export interface FixtureReply {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | AsyncIterable<string>;
}

/** Throwing is part of what is tried. */
export type FixtureRoute = (session: Session<FixtureData>) => FixtureReply | Promise<FixtureReply>;

/** By path; methods do not matter. */
export type FixtureRoutes = Readonly<Record<string, FixtureRoute>>;

export interface ServedFixture {
  /** For example `http://127.0.0.1:40001`. */
  readonly origin: string;
  /** Carries requests to it, where `fetch` cannot: over HTTP/2, for example. @default `fetch` */
  readonly send?: NonNullable<BrowserOptions["send"]>;
  close(): Promise<void>;
}

/** Serves the fixture app through the adapter under test, on a port of 127.0.0.1 that is free. */
export type ServeFixture = (sessions: Sessions<FixtureData>, routes: FixtureRoutes) => Promise<ServedFixture>;

/** One running fixture app, for one case. */
export interface AdapterScene {
  readonly origin: string;
  readonly sessions: Sessions<FixtureData>;
  readonly held: HeldStore;
  readonly browser: Browser;
}

/** One sentence that adapters have to keep, and how it is tried. */
export interface AdapterCase {
  readonly name: string;
  readonly routes: FixtureRoutes;
  /** What its sessions are made with, besides their store. */
  readonly options?: Pick<StoreOptions, "breaker" | "onStoreDown">;
  run(scene: AdapterScene): Promise<void>;
}

/** Routes that most cases need. */
export const COMMON_ROUTES: FixtureRoutes = {
  "/login": async (session) => {
    await session.login("ann");
    return { body: "in" };
  },
  "/logout": async (session) => {
    await session.logout();
    return { body: "out" };
  },
  "/visit": (session) => ({ body: String(session.increment("visits")) }),
  "/who": (session) => ({ body: `${session.userId ?? "nobody"} ${session.get("visits") ?? 0}` }),
  "/plain": () => ({ body: "plain" }),
};

export async function bodyOf(response: Response | Promise<Response>): Promise<string> {
  return (await response).text();
}

/** Lets everything happen that can happen without the awaited event. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
