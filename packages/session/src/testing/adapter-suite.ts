import { createSessions } from "../create-sessions.ts";
import { memoryStore } from "../stores/memory.ts";
import { BODY_CASES } from "./adapter-body-cases.ts";
import type { AdapterCase, FixtureData, ServeFixture } from "./adapter-case.ts";
import { FAILURE_CASES } from "./adapter-failure-cases.ts";
import { HEAD_CASES } from "./adapter-head-cases.ts";
import { LIFE_CASES } from "./adapter-life-cases.ts";
import { createBrowser } from "./browser.ts";
import { holdStore } from "./held-store.ts";
import { checkSuite, type SuiteParts } from "./store-suite.ts";

/**
 * Registers one test for every sentence that an adapter has to keep, each driven over a real socket by a client with
 * a cookie jar. `serve` turns the adapter and the fixture's routes into a server.
 * @throws ARGUMENT_INVALID
 */
export function adapterSuite(name: string, serve: ServeFixture, parts: SuiteParts): void {
  checkSuite("adapterSuite", name, "serve", serve, parts);
  const { test } = parts;
  const register = ({ name: sentence, routes, options, run }: AdapterCase) =>
    test(`${name}: ${sentence}`, async () => {
      const held = holdStore(memoryStore());
      const sessions = createSessions<FixtureData>({ ...options, store: held.store, env: {} });
      const { origin, send, close } = await serve(sessions, routes);
      try {
        await run({ origin, sessions, held, browser: createBrowser(send === undefined ? {} : { send }) });
      } finally {
        await close();
      }
    });
  for (const cases of [LIFE_CASES, HEAD_CASES, BODY_CASES, FAILURE_CASES]) cases.forEach(register);
}
