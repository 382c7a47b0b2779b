import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { type AnyStore, createSessions, type Sessions } from "@sojourn/session";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";

const MODULES = fileURLToPath(new URL("../../../../node_modules/", import.meta.url));

export const KEYS = generateKey(createSystemRandom());

/** A folder of an app that has installed these packages. */
export function appWith(...packages: readonly string[]): string {
  const folder = tempDir();
  mkdirSync(join(folder, "node_modules"));
  for (const name of packages) symlinkSync(join(MODULES, name), join(folder, "node_modules", name));
  return folder;
}

/** The app's sessions over `store`. */
export function appSessions(store: AnyStore, keys = KEYS): Sessions {
  return createSessions({ store, keys, env: {} });
}

/** A session: of a user, or of nobody. @returns its id */
export async function enter(sessions: Sessions, userId?: string): Promise<string> {
  const session = await sessions.load(new Request("https://shop.example/", { headers: { "User-Agent": "Firefox/1" } }));
  if (userId === undefined) session.set("theme", "dark");
  else await session.login(userId);
  await sessions.commit(session);
  return session.id ?? "";
}
