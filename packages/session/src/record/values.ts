import { isSojournError } from "@sojourn/core";
import type { Json, ValueCodec } from "../json.ts";
import { copyJson, deepFreeze, refuse, WHAT_JSON_HOLDS } from "./json-value.ts";

/** How values become what records hold, and how they come back. */
export interface Values {
  /** A frozen copy that shares nothing with `value`. @throws SESSION_DATA_INVALID */
  encode(value: unknown, path: string): Json;
  /** Frozen. @throws SESSION_DATA_INVALID */
  decode(stored: Json, path: string): unknown;
  /** A new list that ends with `items`. @returns undefined when `list` is none @throws SESSION_DATA_INVALID */
  append(list: Json, items: readonly Json[], path: string): Json | undefined;
}

/** What JSON can hold, and nothing else. */
export const jsonValues: Values = Object.freeze({
  encode: (value: unknown, path: string) => copyJson(value, path),
  decode: deepFreeze,
  append: (list: Json, items: readonly Json[]) => (Array.isArray(list) ? [...list, ...items] : undefined),
});

/** An object with this key alone holds what a codec made of a value. */
const CODED = "~";
/** An object with this key alone holds a value that would look like one of the two. */
const PLAIN = "~json";

/** What JSON can hold stays as it is, so data may come from before there was a codec; the rest is the codec's. */
export function codedValues(codec: ValueCodec): Values {
  function encode(value: unknown, path: string): Json {
    const plain = plainCopy(value, path);
    if (plain !== undefined) return isMarked(plain) ? Object.freeze({ [PLAIN]: plain }) : plain;
    const encoded = guarded("encode", path, () => codec.encode(value));
    const coded = Object.freeze({
      [CODED]: copyJson(encoded, `${path} (encoded)`, `let codec.encode answer ${WHAT_JSON_HOLDS}`),
    });
    decode(coded, path); // What cannot be read back is refused now, not when a later request reads it.
    return coded;
  }

  function decode(stored: Json, path: string): unknown {
    const frozen = deepFreeze(stored);
    if (!isMarked(frozen)) return frozen;
    if (!Object.hasOwn(frozen, CODED)) return frozen[PLAIN];
    const decoded = guarded("decode", path, () => codec.decode(frozen[CODED]));
    freezePlain(decoded, path, new Set());
    return decoded;
  }

  return Object.freeze({
    encode,
    decode,
    append(list: Json, items: readonly Json[], path: string) {
      if (Array.isArray(list) && !items.some(isMarked)) return [...list, ...items];
      const decoded = decode(list, path);
      if (!Array.isArray(decoded)) return undefined;
      return encode([...decoded, ...items.map((item) => decode(item, path))], path);
    },
  });
}

function isMarked(value: Json): value is Readonly<Record<string, Json>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const [first, ...more] = Object.keys(value);
  return more.length === 0 && (first === CODED || first === PLAIN);
}

function plainCopy(value: unknown, path: string): Json | undefined {
  try {
    return copyJson(value, path);
  } catch (error) {
    if (isSojournError(error, "SESSION_DATA_INVALID")) return undefined;
    throw error;
  }
}

/** What a codec throws may quote the value. */
function guarded(method: string, path: string, run: () => unknown): unknown {
  try {
    return run();
  } catch {
    throw refuse(path, `codec.${method} throws`, "let the codec take it, or store another value");
  }
}

/** Freezes arrays and plain objects. A date or a map cannot be frozen; it is the reader's own. */
function freezePlain(value: unknown, path: string, seen: Set<object>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (!Array.isArray(value)) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) return;
    if (Object.hasOwn(value, "__proto__"))
      throw refuse(path, "it has the key __proto__", "let codec.decode answer other keys");
  }
  for (const child of Object.values(value)) freezePlain(child, path, seen);
  Object.freeze(value);
}
