import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createFakeClock } from "@sojourn/session/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answers, step } from "./fixtures/answers.ts";

test("whatever is done to them, the memory and the SQLite store answer alike", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [here, there] = [createFakeClock(), createFakeClock()];
      const sqlite = sqliteStore(":memory:", { clock: there });
      const [memory, file] = [
        await answers(memoryStore({ clock: here }), here, steps),
        await answers(sqlite, there, steps),
      ];
      sqlite.close();
      expect(file).toEqual(memory);
    }),
    { numRuns: 150 },
  );
});
