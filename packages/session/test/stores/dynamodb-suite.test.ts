import { memoryStore } from "@sojourn/session/stores/memory";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { answers, step } from "./fixtures/answers.ts";
import { shareDynamoTables } from "./fixtures/dynamodb-table.ts";

const openTable = shareDynamoTables();

/** Dynalite as it is: it does not tell what stood in the way of a condition. */
storeSuite(
  "dynamodb",
  async () => {
    const time = createFakeClock();
    const { server, store } = await openTable({ clock: time });
    server.nowMs = () => time.now();
    server.tellsOld = false;
    return { store, time };
  },
  { test, extras: ["touch", "sweep", "scan"] },
);

test.each([true, false])(
  "whatever is done to it, it answers as the memory store (told what stood in the way: %s)",
  async (tellsOld) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const [here, there] = [createFakeClock(), createFakeClock()];
        const { server, store } = await openTable({ clock: there });
        Object.assign(server, { nowMs: () => there.now(), tellsOld });
        expect(await answers(store, there, steps)).toEqual(await answers(memoryStore({ clock: here }), here, steps));
      }),
      { numRuns: 15 },
    );
  },
);
