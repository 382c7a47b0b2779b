import { parseKeys } from "@sojourn/core";
import { expect, it } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { readPage } from "./guide-page.ts";
import { hasShell, runShell } from "./shell.ts";

const [make, rotate] = readPage("docs/guide/keys.md").blocks;
// npx would look for the command in a registry; here it is on the PATH.
const text = (block: typeof make) => (block?.text ?? "").replaceAll("npx ", "");

it.skipIf(!hasShell)("docs/guide/keys.md: keygen makes one key", async () => {
  expect(parseKeys((await runShell(text(make), tempDir())).trim(), "keygen")).toMatchObject([{ sealsAllowed: true }]);
});

it.skipIf(!hasShell)("docs/guide/keys.md: a new key opens first, then seals, and the old one still opens", async () => {
  const said = await runShell(`${text(rotate)}printf '%s\\n' "$SOJOURN_KEYS" "$ADDED" "$PROMOTED"`, tempDir());
  const [old, added, promoted] = said
    .trim()
    .split("\n")
    .map((ring) => parseKeys(ring, "the ring").map(({ id, sealsAllowed }) => ({ id, sealsAllowed })));
  const first = old?.[0]?.id;
  const second = added?.[1]?.id;
  expect(old).toEqual([{ id: first, sealsAllowed: true }]);
  expect(added).toEqual([
    { id: first, sealsAllowed: true },
    { id: second, sealsAllowed: false },
  ]);
  expect(promoted).toEqual([
    { id: second, sealsAllowed: true },
    { id: first, sealsAllowed: false },
  ]);
});
