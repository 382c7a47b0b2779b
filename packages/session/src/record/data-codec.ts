import { SojournError } from "@sojourn/core";
import { copyJson } from "./json-value.ts";
import type { DataMap } from "./operation.ts";
import { decodeData, encodeData, type SessionRecord } from "./record.ts";

/** Reads and writes the data of records, whatever version wrote them. */
export interface DataCodec {
  readonly version: number;
  /** A map of the caller's own. Data of an earlier version is migrated. */
  read(record: SessionRecord): DataMap;
  write(data: DataMap): Pick<SessionRecord, "data" | "dataVersion">;
  /** @throws SESSION_DATA_NEWER: never "no session", and never overwritten by an older server. */
  check(record: SessionRecord): void;
}

export function createDataCodec(
  version: number,
  migrate: ((data: Readonly<Record<string, unknown>>, fromVersion: number) => object) | undefined,
): DataCodec {
  return Object.freeze({
    version,
    read(record: SessionRecord): DataMap {
      const data = decoded(record);
      if (migrate === undefined || record.dataVersion >= version) return data;
      const migrated: unknown = migrate(Object.fromEntries(data), record.dataVersion);
      return new Map(Object.entries(copyJson(migrated, "the result of migrate") as object));
    },
    write: (data: DataMap) => ({ data: encodeData(data), dataVersion: version }),
    check({ dataVersion }: SessionRecord): void {
      if (dataVersion > version) throw new SojournError("SESSION_DATA_NEWER", { found: dataVersion, known: version });
    },
  });
}

/** A parser's own message would quote the data. */
function decoded({ data }: SessionRecord): DataMap {
  try {
    return decodeData(data);
  } catch {
    throw new SojournError("SESSION_DATA_INVALID", { path: "the stored data", reason: "it is no JSON object" });
  }
}
