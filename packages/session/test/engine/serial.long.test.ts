import fc from "fast-check";
import { it } from "vitest";
import { play, scene } from "./serial-run.ts";
import { PROVIDERS } from "./support.ts";

it.each(PROVIDERS)(
  "many scenes of parallel requests equal serial orders, $name crypto",
  { timeout: 900_000 },
  async (crypto) => {
    const numRuns = crypto.name === "node" ? 20_000 : 2_000;
    await fc.assert(
      fc.asyncProperty(scene, (each) => play(each, crypto)),
      { numRuns },
    );
  },
);
