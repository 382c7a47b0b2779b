import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { expect, it, onTestFinished } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { root } from "./guide-page.ts";
import { hasShell, runShell } from "./shell.ts";

// npx would look for the command in a registry; here it is on the PATH.
const script = readFileSync(join(root, "docs/guide/production/sessions.sh"), "utf8").replaceAll("npx ", "");

it.skipIf(!hasShell)("docs/guide/production/sessions.sh does what it says", async () => {
  const folder = tempDir();
  const keys = generateKey(createSystemRandom());
  const store = sqliteStore(join(folder, "shop.db"));
  onTestFinished(() => store.close());
  const app = createSessions({ store, keys });
  const enter = async (userId: string) => {
    const session = await app.load(new Request("https://shop.example.com/"));
    await session.login(userId);
    await app.commit(session);
    return session.id ?? "";
  };
  const ids = [await enter("ada"), await enter("ada"), await enter("bob")];
  const said = await runShell(script, folder, { SOJOURN_KEYS: keys, ID: ids[0] });
  const [head, first, second, ...rest] = said.trimEnd().split("\n");
  expect(head).toMatch(/^ {2}ID {2,}EXPIRES /);
  expect([first?.slice(2, 45), second?.slice(2, 45)]).toEqual(ids.slice(0, 2));
  expect(rest).toEqual([
    "1 session ended",
    "1 session ended",
    "1 session ended",
    "0 expired records deleted",
    "nothing to migrate: a SQLite store needs no preparation",
  ]);
});
