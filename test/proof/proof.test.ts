import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PROOF = fileURLToPath(new URL("../../scripts/proof/main.mjs", import.meta.url));

interface Row {
  readonly title: string;
  readonly result: {
    readonly kept: number;
    readonly of: number;
    readonly adds: number;
    readonly final: boolean;
    readonly failed: number;
  };
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
  });
});
