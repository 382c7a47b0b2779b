import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Row, table, transcript } from "../../scripts/proof/print.mjs";

const PROOF = fileURLToPath(new URL("../../scripts/proof/main.mjs", import.meta.url));

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** What differs from run to run: process ids, servers and times. */
const ANY = [
  [/^kill -9 \d+ */, "kill -9 PID"],
  [/shop-\d/g, "SHOP"],
  [/ in \d+ ms$/, " in N ms"],
] as const;

function linesOf(text: string): readonly string[] {
  return text.split("\n").map((line) => ANY.reduce((rest, [pattern, word]) => rest.replace(pattern, word), line));
}

describe("npm run proof", () => {
  it("keeps everything with Sojourn, and shows what the others lose", { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [PROOF, "--json"], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const { perfect, rows } = JSON.parse(stdout) as { perfect: boolean; rows: readonly Row[] };
    const [roundRobin, sticky, sealed, ours] = rows.map(({ result }) => result);
    expect(perfect).toBe(true);
    expect(ours).toMatchObject({ kept: 3, of: 3, adds: 200, final: true, failed: 0 });
    // The drive must be able to see a loss at all.
    expect(roundRobin).toMatchObject({ kept: 0, final: false });
    expect(sticky).toMatchObject({ kept: 0, final: false });
    expect(sealed).toMatchObject({ kept: 3, final: false });
    for (const other of [roundRobin, sticky, sealed]) expect(other?.adds).toBeLessThan(200);

    // The README shows such a run: the same head, the same row of ours, and the same six lines of one failover.
    const shown = linesOf(README);
    const [head, rule, ...ways] = linesOf(table(rows));
    for (const line of [head, rule, ways.at(-1)]) expect(shown).toContain(line);
    const failover = linesOf(transcript(rows.at(-1)?.result.transcript));
    expect(failover).toHaveLength(6);
    expect(shown.join("\n")).toContain(`One failover with Sojourn:\n${failover.join("\n")}\n\`\`\``);
  });
});
