/*
 * What each configuration keeps. `policy()` prints these words, and docs/reference/guarantees.md is made of them; tests
 * carry the tag of the cell that they show.
 */

/** The columns. */
export const PROMISES = ["updates", "logout", "list", "limit", "revoke", "down"] as const;
export type Promised = (typeof PROMISES)[number];

/** As `policy()` calls them. */
export const PROMISE_NAMES: Readonly<Record<Promised, string>> = {
  updates: "lost updates",
  logout: "logout",
  list: "list",
  limit: "sessions a user",
  revoke: "revokeUser",
  down: "store does not answer",
};

/**
 * Where sessions live: in a store; in one with near copies of it; in one that cannot compare and set; with the client, and what has ended before its time in
 * a store; with the client alone.
 */
export type Living = "store" | "tiered" | "borrowed" | "denied" | "carried";

/** What a configuration says in numbers. */
export interface GuaranteeFacts {
  /** When another server hears of an end, where copies are kept. */
  readonly copies: string;
  readonly limit: string;
  readonly down: string;
}

export interface GuaranteeRow {
  /** In tags of tests: `keeps-ID-updates`. */
  readonly id: string;
  readonly living: Living;
  /** In the words of the app's code. */
  readonly shown: string;
  /** The subpath of `@sojourn/session` that it comes from. */
  readonly from: string;
}

/** One for each store and carrier, in the order of the page. */
export const GUARANTEE_ROWS: readonly GuaranteeRow[] = [
  { id: "memory", living: "store", shown: "memoryStore", from: "stores/memory" },
  { id: "sqlite", living: "store", shown: "sqliteStore", from: "stores/sqlite" },
  { id: "redis", living: "store", shown: "redisStore", from: "stores/redis" },
  { id: "postgres", living: "store", shown: "postgresStore", from: "stores/postgres" },
  { id: "dynamodb", living: "store", shown: "dynamodbStore", from: "stores/dynamodb" },
  { id: "tiered", living: "tiered", shown: "tieredStore", from: "stores/tiered" },
  { id: "express", living: "borrowed", shown: "fromExpressStore", from: "express-store" },
  { id: "header", living: "store", shown: "headerToken, with a store", from: "carriers/header" },
  { id: "sealed-store", living: "denied", shown: "sealedCookie, revocation: a store", from: "carriers/sealed" },
  { id: "sealed", living: "carried", shown: 'sealedCookie, revocation: "none"', from: "carriers/sealed" },
  { id: "jwt-store", living: "denied", shown: "jsonWebToken, revocation: a store", from: "carriers/jwt" },
  { id: "jwt", living: "carried", shown: 'jsonWebToken, revocation: "none"', from: "carriers/jwt" },
];

/** What holds, a sentence for each promise. */
export function guaranteesOf(living: Living, facts: GuaranteeFacts): Readonly<Record<Promised, string>> {
  if (living === "store" || living === "tiered" || living === "borrowed") return inStore(living, facts);
  const common = {
    updates: "possible: of parallel responses the last one stays",
    list: "unsupported",
    limit: "no limit possible",
  };
  if (living === "carried") {
    return {
      ...common,
      logout: "removes what the client holds; a copy works until it expires (revocation: none)",
      revoke: "unsupported",
      down: "there is none to ask",
    };
  }
  return {
    ...common,
    logout: "final when it resolves, for every copy of what the client holds",
    revoke: "final when it resolves; nobody counts the sessions",
    down: facts.down,
  };
}

function inStore(
  living: "store" | "tiered" | "borrowed",
  { copies, limit, down }: GuaranteeFacts,
): Readonly<Record<Promised, string>> {
  const list = "of a user's living sessions, from one record that is changed by compare-and-set";
  const whole = {
    updates: "none; operations are replayed by compare-and-set",
    logout: "final when it resolves",
    list,
    limit,
    revoke: "final when it resolves",
    down,
  };
  if (living === "store") return whole;
  if (living === "tiered") {
    return {
      ...whole,
      logout: `final here and in the shared store when it resolves; elsewhere ${copies}`,
      revoke: "final everywhere when it resolves; with wait: false as logout",
    };
  }
  const ends = "final in this process; a write under way in another one may undo it";
  return {
    ...whole,
    updates: "none within a process; of two processes the last to write wins",
    list: "of a user's living sessions, from one record; of two processes the last to write wins",
    logout: ends,
    revoke: ends,
  };
}
