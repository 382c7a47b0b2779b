import { createSessions, type Sessions, type SessionsOptions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { type Browser, createBrowser, type HeldStore, holdStore } from "@sojourn/session/testing";
import { expect } from "vitest";

export interface Data {
  visits: number;
  note: string;
}

export const POST = { method: "POST" } as const;

/** Sessions whose store can be held back, and a visitor. */
export interface Scene {
  readonly held: HeldStore;
  readonly sessions: Sessions<Data>;
  readonly browser: Browser;
  /** Logs the visitor in by `/login`, and out while the write of `path` waits. @returns what `path` answers */
  lose(origin: string, path: string): Promise<Response>;
}

export function createScene(options: Partial<SessionsOptions> = {}): Scene {
  const held = holdStore(memoryStore(options.runtime?.clock && { clock: options.runtime.clock }));
  const sessions = createSessions<Data>({ store: held.store, env: {}, ...options } as SessionsOptions);
  const browser = createBrowser();
  return {
    held,
    sessions,
    browser,
    async lose(origin, path) {
      await (await browser.request(`${origin}/login`, POST)).text();
      const write = held.hold("write");
      const asking = browser.request(origin + path, POST);
      await write.arrived;
      const Cookie = browser.jar.header(new URL(origin)) ?? "";
      await (await sessions.load(new Request(origin, { headers: { Cookie } }))).logout();
      write.release();
      return asking;
    },
  };
}

/** Every path answers a visitor without a session, whole and with the cookie. */
export async function eachSetsTheCookie(
  origin: string,
  paths: Readonly<Record<string, readonly [status: number, body: string]>>,
): Promise<void> {
  const seen: Record<string, unknown> = {};
  for (const path of Object.keys(paths)) {
    const response = await fetch(origin + path, { redirect: "manual" });
    const cookies = response.headers.getSetCookie().filter((line) => line.startsWith("__Host-session="));
    seen[path] = [response.status, await response.text(), cookies.length, response.headers.get("Cache-Control")];
  }
  expect(seen).toEqual(
    Object.fromEntries(Object.entries(paths).map(([path, [status, body]]) => [path, [status, body, 1, "no-store"]])),
  );
}
