import { SojournError } from "@sojourn/core";
import { dynamodbKind } from "./dynamodb-kind.ts";
import { postgresKind } from "./postgres-kind.ts";
import { redisKind } from "./redis-kind.ts";
import { sqliteKind } from "./sqlite-kind.ts";
import type { PlaceFlags, StoreKind } from "./store-kind.ts";
import { type StoreUrl, wrongUrl } from "./store-url.ts";

/** Every store that has a life of its own, apart from the app's process. A new one is a row. */
export const STORE_KINDS: readonly StoreKind[] = [sqliteKind, redisKind, postgresKind, dynamodbKind];

/** @throws OPTION_INVALID OPTION_CONFLICT */
export function kindOf(url: StoreUrl, place: PlaceFlags): StoreKind {
  const scheme = url.scheme ?? "sqlite";
  const kind = STORE_KINDS.find(({ schemes }) => schemes.includes(scheme));
  if (kind === undefined) {
    const known = STORE_KINDS.flatMap(({ schemes }) => schemes.map((each) => `${each}:`)).join(" ");
    // A password may stand in front of what would be the host.
    const value = { ...url, shown: `${scheme}:…` };
    throw wrongUrl(value, "no store has this scheme", `name a SQLite file, or begin with one of ${known}`);
  }
  for (const flag of Object.keys(place) as (keyof PlaceFlags)[]) {
    if (kind.takes.includes(flag)) continue;
    const how = `a ${kind.name} store takes ${kind.takes.map((each) => `--${each}`).join(" and ")}`;
    throw new SojournError("OPTION_CONFLICT", { first: `--${flag}`, second: `--store ${scheme}:`, how });
  }
  return kind;
}
