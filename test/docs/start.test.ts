import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "../fixtures/real-servers.ts";
import { tempDir } from "../fixtures/temp-dir.ts";
import { readPage, root } from "./guide-page.ts";
import { hasShell, runShell } from "./shell.ts";

const page = readPage("docs/guide/start.md");
const blocks = page.blocks.filter(({ language }) => language === "sh");

/** What the test command has done before this test runs. */
const DONE = "npm ci && npm run build\n";

it.skipIf(!hasShell)("docs/guide/start.md gives the answers that it promises", async () => {
  const [build, install, ...steps] = blocks;
  expect(build?.text).toBe(DONE);
  const folder = tempDir();
  symlinkSync(root, join(folder, "sojourn"));
  const quiet = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" };
  await runShell(install?.text ?? "", folder, quiet);

  const shop = join(folder, "shop");
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
