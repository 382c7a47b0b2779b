import { argumentInvalid } from "../arguments.ts";
import type { AnyStore } from "../store.ts";
import { checkHas } from "./check.ts";

const METHODS = ["read", "write", "delete"] as const;
type Method = (typeof METHODS)[number];

/** A call that waits in the store. */
export interface HeldCall {
  /** Resolves when the call has arrived. */
  readonly arrived: Promise<void>;
  /** Lets it through. */
  release(): void;
  /** Makes it reject, with nothing done. */
  fail(error: Error): void;
}

/** A store whose next calls can be held back or made to fail. */
export interface HeldStore {
  readonly store: AnyStore;
  /** Holds the next call of `method`. */
  hold(method: Method): HeldCall;
  /** How many calls of `method` have arrived. */
  calls(method: Method): number;
}

interface Gate {
  arrive(): void;
  readonly opened: Promise<void>;
}

/** It and its methods throw ARGUMENT_INVALID for what they cannot work with. */
export function holdStore(inner: AnyStore): HeldStore {
  checkHas("holdStore", "store", inner, METHODS);
  const gates = { read: [] as Gate[], write: [] as Gate[], delete: [] as Gate[] };
  const counts = { read: 0, write: 0, delete: 0 };
  async function pass(method: Method): Promise<void> {
    counts[method] += 1;
    const gate = gates[method].shift();
    gate?.arrive();
    await gate?.opened;
  }
  return {
    store: {
      ...inner,
      read: (key) => pass("read").then(() => inner.read(key)),
      write: (key, record, expect) => pass("write").then(() => inner.write(key, record, expect)),
      delete: (key) => pass("delete").then(() => inner.delete(key)),
    },
    hold(method) {
      checkMethod("hold", method);
      let arrive = () => {};
      let release = () => {};
      let fail: (error: Error) => void = () => {};
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      const opened = new Promise<void>((resolve, reject) => {
        release = resolve;
        fail = reject;
      });
      opened.catch(() => {});
      gates[method].push({ arrive, opened });
      return { arrived, release: () => release(), fail: (error) => fail(error) };
    },
    calls(method) {
      checkMethod("calls", method);
      return counts[method];
    },
  };
}

function checkMethod(operation: string, method: unknown): void {
  if (METHODS.some((name) => name === method)) return;
  throw argumentInvalid(operation, "method", "is none of a store's", `give one of ${METHODS.join(", ")}`);
}
