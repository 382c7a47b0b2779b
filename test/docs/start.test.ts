import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../fixtures/real-servers.ts";
import { readPage, root } from "./guide-page.ts";
import { hasShell, runShell } from "./shell.ts";

const page = readPage("docs/guide/start.md");
const blocks = page.blocks.filter(({ language }) => language === "sh");

/** What the test command has done before this test runs. */
const DONE = "npm ci && npm run build\n";

const [build, install, ...steps] = blocks;
const folder = mkdtempSync(join(tmpdir(), "sojourn-start-"));
const shop = join(folder, "shop");
const ends: (() => void)[] = [];

// Half of the time goes here, and is npm's: it has a limit of its own.
beforeAll(async () => {
  if (!hasShell) return;
  symlinkSync(root, join(folder, "sojourn"));
  const quiet = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" };
  await runShell(install?.text ?? "", folder, quiet, (end) => ends.push(end));
});
afterAll(() => {
  for (const end of ends) end();
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!hasShell)("docs/guide/start.md gives the answers that it promises", async () => {
  expect(build?.text).toBe(DONE);
  copyFileSync(join(root, "docs/guide/start/shop.mjs"), join(shop, "shop.mjs"));
  const ports = new Map<string, number>();
  for (const port of ["3000", "3001", "3002", "8080"]) ports.set(port, await freePort());
  const MARK = "\n--- answered ---\n";
  const script = steps
    .map(({ text }) => text.replace(/\b(?:3000|3001|3002|8080)\b/g, (port) => String(ports.get(port))))
    .join(`printf '${MARK.replaceAll("\n", "\\n")}'\n`);
  const said = await runShell(script, shop, { PORT: String(ports.get("3000")) });
  const answers = said.split(MARK);
  expect(steps.some(({ answer }) => answer !== undefined)).toBe(true);
  steps.forEach(({ text, answer }, i) => {
    if (answer !== undefined) expect(answers[i]?.trim().split("\n").at(-1), text).toBe(answer);
  });
});
