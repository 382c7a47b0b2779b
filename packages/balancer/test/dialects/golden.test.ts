import { describe, expect, it } from "vitest";
import { goldenFiles, goldens, outcome, rewrite } from "./golden.ts";

// SOJOURN_UPDATE_GOLDEN=1 rewrites the outcomes.
if (process.env.SOJOURN_UPDATE_GOLDEN === "1") for (const name of goldenFiles()) rewrite(name);

describe.each(goldenFiles())("%s", (name) => {
  it.each(goldens(name).map((golden) => [golden.title, golden] as const))("%s", (_, golden) => {
    expect(outcome(golden)).toBe(golden.expected);
  });
});
