import { type Awaitable, isSojournError, type Runtime, SojournError } from "@sojourn/core";
import { codeOf, type Emit } from "../emitter.ts";
import { readNowOf } from "../read-now.ts";
import type { Settings } from "../settings/settings.ts";
import type { AnyStore, NearCopies, RecordToWrite, StoredRecord, Version, Written } from "../store.ts";
import { createBreaker } from "./breaker.ts";
import { createLimit, Unanswered } from "./deadline.ts";

/** Rejected or unanswered: nobody knows whether it was done. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
  /** It was done, and a fail-over may undo it: what a read says now is not how it stays. */
  readonly mayBeUndone: boolean;

  constructor(operation: string, cause: SojournError) {
    super(operation, { cause });
    this.mayBeUndone = isSojournError(cause.cause, "STORE_NOT_REPLICATED");
  }
}

/** An answer that the store contract does not allow. It may come from a proxy, another version or a test's double. */
class AnswerInvalid extends Error {
  override readonly name = "AnswerInvalid";

  /** Of the answer its kind alone is told: it may hold data. */
  constructor(operation: string, answer: unknown) {
    const allowed = ALLOWED[operation];
    const instead = allowed === undefined ? "which the contract does not allow" : `the contract asks for ${allowed}`;
    super(`it answered ${kindOf(answer)} to ${operation}, ${instead}`);
  }
}

const ALLOWED: Readonly<Record<string, string>> = {
  read: "undefined or { bytes, version, expiresAtMs }",
  write: '{ status: "done" }, { status: "gone" } or { status: "conflict", version }',
  delete: "true or false",
};

function kindOf(answer: unknown): string {
  if (answer === null || answer === undefined || typeof answer === "boolean") return String(answer);
  return typeof answer === "object" ? "an object of another shape" : `a ${typeof answer}`;
}

/** The store with a deadline and a breaker on every call, and its answers checked. */
export interface StoreCalls {
  /** Without a promise where the store has its records at hand. @throws SESSION_STORE_DOWN */
  read(key: string): Awaitable<StoredRecord | undefined>;
  /** The copies that the store keeps in this process; absent where it keeps none. Only `fetch` may be SESSION_STORE_DOWN. */
  readonly near: Pick<NearCopies, "get" | "fetch" | "lastKnown"> | undefined;
  /** @throws SESSION_STORE_DOWN when nothing was written @throws STORE_RECORD_TOO_LARGE @throws OutcomeUnknown */
  write(key: string, record: RecordToWrite, expect: "absent" | Version): Promise<Written>;
  /** @throws SESSION_STORE_DOWN when nothing was deleted @throws OutcomeUnknown */
  delete(key: string): Promise<boolean>;
  /** Whether what ends a session is sure only once the store has answered it. */
  readonly makesSure: boolean;
  /** Any other call whose repetition does no harm. @throws SESSION_STORE_DOWN */
  ask<T>(operation: string, call: () => Promise<T>, isAnswer?: (value: T) => boolean): Promise<T>;
}

/** One record cannot be read or replaced; all others can. */
const UNREADABLE = "STORE_RECORD_UNREADABLE";

/** A store may say that it has certainly done nothing. */
const NOT_DONE = ["STORE_BUSY", "STORE_REFUSED", "STORE_SCHEMA_WRONG", "STORE_CLOSED", UNREADABLE] as const;

/** It answered: with less in the record it would have been written. */
const TOO_LARGE = "STORE_RECORD_TOO_LARGE";

/** A store that says what it did is not down. */
const NOT_DOWN = [...NOT_DONE, TOO_LARGE, "STORE_NOT_REPLICATED"] as const;

export function createStoreCalls(
  store: AnyStore,
  settings: Pick<Settings, "breaker" | "storeDeadlineMs">,
  runtime: Pick<Runtime, "clock" | "random">,
  emit: () => Emit,
): StoreCalls {
  const deadlineMs = settings.storeDeadlineMs;
  const limited = createLimit(deadlineMs, runtime.clock);
  const breaker = createBreaker(settings, runtime, (event) => emit()(event));

  function failed(spell: number, operation: string, cause: unknown, key?: string): SojournError {
    if (isSojournError(cause, UNREADABLE)) {
      breaker.succeeded(spell);
      if (key !== undefined) emit()({ type: "session.unreadable", id: key, reason: "foreign" });
    } else breaker.failed(spell, operation, !isSojournError(cause, ...NOT_DOWN));
    const reason = reasonOf(cause);
    return new SojournError("SESSION_STORE_DOWN", { operation, reason }, { cause });
  }

  function reasonOf(cause: unknown): string {
    if (cause instanceof Unanswered) return `no answer within ${deadlineMs} ms`;
    return cause instanceof AnswerInvalid ? cause.message : codeOf(cause);
  }

  // A store that throws instead of rejecting is a store that failed: every call is made inside a `try`.

  async function ask<T>(operation: string, call: () => Promise<T>, isAnswer?: (value: T) => boolean): Promise<T> {
    const spell = breaker.enter(operation);
    try {
      const value = await limited(call());
      if (isAnswer?.(value) === false) throw new AnswerInvalid(operation, value);
      breaker.succeeded(spell);
      return value;
    } catch (error) {
      throw failed(spell, operation, error);
    }
  }

  const readNow = readNowOf(store);

  function read(key: string): Awaitable<StoredRecord | undefined> {
    if (readNow === undefined) return readLater(key, () => store.read(key));
    const spell = breaker.enter("read");
    try {
      const record = readNow(key);
      breaker.succeeded(spell);
      return record;
    } catch (error) {
      throw failed(spell, "read", error);
    }
  }

  async function readLater(
    key: string,
    call: () => Promise<StoredRecord | undefined>,
  ): Promise<StoredRecord | undefined> {
    const spell = breaker.enter("read");
    try {
      const record = await limited(call());
      if (record !== undefined && !isRecord(record)) throw new AnswerInvalid("read", record);
      breaker.succeeded(spell);
      return record;
    } catch (error) {
      throw failed(spell, "read", error, key);
    }
  }

  async function change<T>(operation: string, call: () => Promise<T>, isAnswer: (value: T) => boolean): Promise<T> {
    const spell = breaker.enter(operation);
    try {
      const value = await limited(call());
      if (!isAnswer(value)) throw new AnswerInvalid(operation, value);
      breaker.succeeded(spell);
      return value;
    } catch (error) {
      const wrapped = failed(spell, operation, error);
      if (isSojournError(error, TOO_LARGE)) throw error;
      if (isSojournError(error, ...NOT_DONE)) throw wrapped;
      throw new OutcomeUnknown(operation, wrapped);
    }
  }

  const { near } = store;

  return {
    read,
    near: near && {
      get: (key) => near.get(key),
      fetch: (key) => readLater(key, () => near.fetch(key)),
      lastKnown: (key, withinMs) => near.lastKnown(key, withinMs),
    },
    write: (key, record, expect) => change("write", () => store.write(key, record, expect), isWritten),
    delete: (key) => change("delete", () => store.delete(key), isBoolean),
    makesSure: store.traits.makesSure === true,
    ask,
  };
}

/** A deadline that is no number would never come. */
function isRecord(answer: StoredRecord | null): boolean {
  return (
    answer !== null &&
    ArrayBuffer.isView(answer.bytes) &&
    typeof answer.version === "string" &&
    Number.isFinite(answer.expiresAtMs)
  );
}

function isWritten(answer: Written | null | undefined): boolean {
  const status = answer?.status;
  return status === "done" || status === "gone" || (status === "conflict" && typeof answer?.version === "string");
}

function isBoolean(answer: unknown): boolean {
  return typeof answer === "boolean";
}
