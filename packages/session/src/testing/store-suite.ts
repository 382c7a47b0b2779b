import type { Awaitable } from "@sojourn/core";
import { argumentInvalid } from "../arguments.ts";
import type { AnyStore } from "../store.ts";
import { checkCall, checkObject, checkText } from "./check.ts";
import type { StoreCase, TestTime } from "./store-case.ts";
import { EXPIRY_CASES } from "./store-expiry-cases.ts";
import { EXTRA_CASES } from "./store-extra-cases.ts";
import { PARALLEL_CASES } from "./store-parallel-cases.ts";
import { VALUE_CASES } from "./store-value-cases.ts";
import { WRITE_CASES } from "./store-write-cases.ts";

export interface StoreUnderTest {
  readonly store: AnyStore;
  /** The clock that decides what has expired in `store`. */
  readonly time: TestTime;
  cleanUp?(): void | Promise<void>;
}

export interface SuiteParts {
  /** Registers one test: Vitest's, Jest's and node:test's `test` all fit. */
  readonly test: (name: string, run: () => Promise<void>) => unknown;
}

/**
 * Registers one test for every sentence of the store contract; those of an optional interface only if `extras` names
 * its method. Each test makes its own store, which may share its database with the others.
 *
 * ```ts
 * storeSuite("memory", () => { const time = createFakeClock(); return { store: memoryStore({ clock: time }), time }; },
 *   { test, extras: ["touch", "sweep", "scan"] });
 * ```
 * @throws ARGUMENT_INVALID
 */
export function storeSuite(
  name: string,
  create: () => Awaitable<StoreUnderTest>,
  parts: SuiteParts & { readonly extras: readonly ("touch" | "sweep" | "scan")[] },
): void {
  checkSuite("storeSuite", name, "create", create, parts);
  const { test, extras } = parts;
  const known = EXTRA_CASES.map(({ method }): string => method);
  if (!Array.isArray(extras) || !extras.every((extra) => known.includes(extra)))
    throw argumentInvalid("storeSuite", "extras", "names no optional methods", `give a list of ${known.join(", ")}`);
  const register = (one: StoreCase) =>
    test(`${name}: ${one.name}`, async () => {
      const { store, time, cleanUp } = await create();
      try {
        await one.run(store, time);
      } finally {
        await cleanUp?.();
      }
    });
  for (const cases of [WRITE_CASES, EXPIRY_CASES, VALUE_CASES, PARALLEL_CASES]) cases.forEach(register);
  for (const { method, cases } of EXTRA_CASES) {
    if (extras.includes(method)) cases.forEach(register);
    else test(`${name}: has no ${method}, as said`, async () => assertLacks(await create(), method));
  }
}

/** @throws ARGUMENT_INVALID */
export function checkSuite(suite: string, name: unknown, maker: string, make: unknown, parts: unknown): void {
  checkText(suite, "name", name);
  checkCall(suite, maker, make);
  checkObject(suite, "parts", parts);
  checkCall(suite, "test", (parts as Readonly<Record<string, unknown>>).test);
}

/** An optional method that is there but not declared would go untested. */
async function assertLacks({ store, cleanUp }: StoreUnderTest, method: keyof AnyStore): Promise<void> {
  try {
    if (store[method] !== undefined) throw new Error(`the store has ${method}; name it in extras`);
  } finally {
    await cleanUp?.();
  }
}
