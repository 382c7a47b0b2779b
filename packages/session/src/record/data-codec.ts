import { SojournError } from "@sojourn/core";
import type { Json, ValueCodec } from "../json.ts";
import type { StandardSchema } from "../schema.ts";
import { decodeData, decodeValue, encodeData } from "./data-bytes.ts";
import { checkPlainObject, refuse } from "./json-value.ts";
import { createJudge, type Judge } from "./judge.ts";
import { applyOperation, type DataMap, type Operation, objectOf, type Resolve } from "./operation.ts";
import type { SessionRecord } from "./record.ts";
import { codedValues, jsonValues, type Values } from "./values.ts";

type Convert = (data: Readonly<Record<string, unknown>>, version: number) => object;

/** What a configuration says of its data. */
export interface DataRules {
  /** Data of later versions cannot be read. */
  readonly version: number;
  /** What data is written as; below `version` only with a `downgrade`. */
  readonly writeVersion: number;
  readonly migrate: Convert | undefined;
  readonly downgrade: Convert | undefined;
  readonly schema: StandardSchema | undefined;
  readonly codec: ValueCodec | undefined;
}

/** Reads, changes and writes the data of records, whatever version wrote them. */
export interface DataCodec {
  readonly values: Values;
  /** Absent: there is no schema. */
  readonly judge: Judge | undefined;
  /** A map of the caller's own, not judged. Data of an earlier version is migrated. */
  read(record: SessionRecord): DataMap;
  /** Whether single values of `record` can be had without the others: no schema judges them together, and nothing is migrated. */
  readsAlone(record: SessionRecord): boolean;
  /** What `read(record).get(key)` would give. */
  readOne(record: SessionRecord, key: string): Json | undefined;
  write(data: DataMap): Pick<SessionRecord, "data" | "dataVersion">;
  /** @throws SESSION_DATA_NEWER: never "no session", and never overwritten by an older server. */
  check(record: SessionRecord): void;
  /** Applies and judges one operation of this request; `data` is unchanged when it throws. */
  apply(data: DataMap, operation: Operation): void;
  /** Applies a request's operations to what will be written, and judges what they came to. */
  replay(data: DataMap, operations: readonly Operation[], resolve?: Resolve): DataMap;
}

export function createDataCodec(rules: DataRules): DataCodec {
  const { version, writeVersion, migrate, downgrade, schema, codec } = rules;
  const values = codec === undefined ? jsonValues : codedValues(codec);
  const judge = schema && createJudge(schema, values);

  /** Without data there is nothing to convert: an empty session is the same in every version. */
  function convert(name: "migrate" | "downgrade", by: Convert | undefined, data: DataMap, at: number): DataMap {
    if (by === undefined || data.size === 0) return data;
    const result: unknown = by(objectOf(data, values), at);
    const path = `the result of ${name}`;
    checkPlainObject(result, path, `let ${name} return a plain object, at once`);
    return new Map(Object.entries(result).map(([key, value]) => [key, values.encode(value, `${path}.${key}`)]));
  }

  const lowered = (data: DataMap) =>
    writeVersion === version ? data : convert("downgrade", downgrade, data, writeVersion);

  return Object.freeze({
    values,
    judge,
    read(record: SessionRecord): DataMap {
      const data = intact(() => decodeData(record.data));
      return record.dataVersion < version ? convert("migrate", migrate, data, record.dataVersion) : data;
    },
    readsAlone: ({ dataVersion }: SessionRecord) =>
      judge === undefined && (migrate === undefined || dataVersion >= version),
    readOne: ({ data }: SessionRecord, key: string) => intact(() => decodeValue(data, key)),
    write: (data: DataMap) => ({ data: encodeData(lowered(data)), dataVersion: writeVersion }),
    check({ dataVersion }: SessionRecord): void {
      if (dataVersion > version) throw new SojournError("SESSION_DATA_NEWER", { found: dataVersion, known: version });
    },
    apply(data: DataMap, operation: Operation): void {
      if (judge === undefined || operation.kind === "clear") {
        applyOperation(data, operation, values);
        return;
      }
      const { key } = operation;
      const before = data.get(key);
      applyOperation(data, operation, values);
      try {
        judge(data, key);
      } catch (error) {
        if (before === undefined) data.delete(key);
        else data.set(key, before);
        throw error;
      }
    },
    replay(data: DataMap, operations: readonly Operation[], resolve?: Resolve): DataMap {
      for (const operation of operations) applyOperation(data, operation, values, resolve);
      judge?.(data);
      lowered(data); // What cannot be written fails the request that made it, not those that are written with it.
      return data;
    },
  });
}

/** A parser's own message would quote the data. */
function intact<T>(decode: () => T): T {
  try {
    return decode();
  } catch {
    const how = "end this session; its data was not written by this library";
    throw refuse("the stored data", "it is damaged, or has the key __proto__", how);
  }
}
