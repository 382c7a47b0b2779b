import { fromUtf8 } from "@sojourn/core";
import type { Json } from "../json.ts";
import { ByteReader, ByteWriter } from "./byte-codec.ts";
import type { DataMap } from "./operation.ts";

/**
 * How does the data of a session lie in its record? For each key its text and its value as JSON, each with its length in
 * front: whoever asks for one key parses one value. A text that is not plain ASCII stands as JSON, in its quotes.
 */
export function encodeData(data: DataMap): Uint8Array {
  if (data.size === 0) return NO_DATA;
  const out = new ByteWriter();
  for (const [key, value] of data) out.text(keyText(key)).text(JSON.stringify(value));
  return out.done();
}

export const NO_DATA = new Uint8Array(0);

/**
 * The caller owns the map; the values are not yet frozen. Throws when the bytes are not what `encodeData` writes, and
 * for the key `__proto__` at any depth.
 */
export function decodeData(bytes: Uint8Array): DataMap {
  const data: DataMap = new Map();
  if (bytes.length === 0) return data;
  const from = new ByteReader(bytes);
  while (!from.atEnd) {
    const text = from.text();
    const key: unknown = text.startsWith('"') ? JSON.parse(text) : text;
    if (typeof key !== "string" || key === PROTO || keyText(key) !== text || data.has(key)) {
      throw new TypeError("not a key, or not its only spelling");
    }
    data.set(key, jsonOf(from, from.number()));
  }
  return data;
}

/** One value, as `decodeData(bytes).get(key)` would give it; the others are not looked at. */
export function decodeValue(bytes: Uint8Array, key: string): Json | undefined {
  if (bytes.length === 0) return undefined;
  // Such a key could be taken for another's text in quotes; all others stand as they are or not at all.
  if (key.startsWith('"')) return decodeData(bytes).get(key);
  const from = new ByteReader(bytes);
  while (!from.atEnd) {
    const found = from.standsHere(key, from.number());
    const length = from.number();
    if (found) return jsonOf(from, length);
    from.skip(length);
  }
  return isPlain(key) ? undefined : decodeData(bytes).get(key);
}

/**
 * The data of a record in the layout of before, one JSON object. What is none is refused when the data is read, as
 * damage is.
 */
export function dataFromJson(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return NO_DATA;
  try {
    const parsed: unknown = JSON.parse(fromUtf8(bytes), refusePrototype);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return DAMAGED;
    return encodeData(new Map(Object.entries(parsed)));
  } catch {
    return DAMAGED;
  }
}

/** A length without its text. */
const DAMAGED = Uint8Array.of(1);

const PLAIN = /^[!#-~][ -~]*$/;
const PROTO = "__proto__";

function keyText(key: string): string {
  return isPlain(key) ? key : JSON.stringify(key);
}

function isPlain(key: string): boolean {
  return PLAIN.test(key);
}

/** Most numbers and flags have few digits: the parser would cost ten times as much. */
function jsonOf(from: ByteReader, length: number): Json {
  const number = from.digits(length);
  if (number !== undefined) return number;
  const text = fromUtf8(from.raw(length));
  // Nothing of ours writes the key. Looking for it in each object would cost more than the parsing.
  const suspect = text.includes(PROTO) || text.includes("\\u");
  return suspect ? JSON.parse(text, refusePrototype) : JSON.parse(text);
}

function refusePrototype(key: string, value: unknown): unknown {
  if (key === PROTO) throw new TypeError(`has the key ${PROTO}`);
  return value;
}
