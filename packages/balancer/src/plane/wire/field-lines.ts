import type { Fields } from "../fields.ts";
import { kindOf } from "../kinds.ts";
import { REFUSAL, type Refusal } from "../refusals.ts";
import { COLON, CR, FIELD, HT, LF, SP, TOKEN } from "./chars.ts";

/** The bytes end before the section does. */
export const INCOMPLETE = -1;
/** `Cursor.refusal` says why. */
export const REFUSED = -2;

/** Carries the reason of a `REFUSED` out of the parsers, which return positions. */
export class Cursor {
  refusal: Refusal = REFUSAL.fieldName;

  refuse(refusal: Refusal): typeof REFUSED {
    this.refusal = refusal;
    return REFUSED;
  }
}

/**
 * Reads field lines up to and including the empty line (RFC 9112 §5), strictly: CRLF only, no folding, no space before
 * the colon. Offsets are stored relative to `base`.
 * @returns the position after the empty line, `INCOMPLETE` or `REFUSED`.
 */
export function parseFieldLines(
  bytes: Uint8Array,
  from: number,
  end: number,
  base: number,
  fields: Fields,
  maxCount: number,
  cursor: Cursor,
): number {
  let i = from;
  for (;;) {
    if (i >= end) return INCOMPLETE;
    let byte = bytes[i] as number;
    if (byte === CR) {
      if (i + 1 >= end) return INCOMPLETE;
      return bytes[i + 1] === LF ? i + 2 : cursor.refuse(REFUSAL.bareCr);
    }
    const nameAt = i;
    while (TOKEN[byte] === 1) {
      if (++i >= end) return INCOMPLETE;
      byte = bytes[i] as number;
    }
    if (byte !== COLON || i === nameAt) return cursor.refuse(nameRefusal(byte, i === nameAt));
    const nameEnd = i++;
    while (i < end && isBlank(bytes[i] as number)) i++;
    const valueAt = i;
    while (i < end && FIELD[bytes[i] as number] === 1) i++;
    if (i >= end) return INCOMPLETE;
    if (bytes[i] !== CR) return cursor.refuse(bytes[i] === LF ? REFUSAL.bareLf : REFUSAL.control);
    if (i + 1 >= end) return INCOMPLETE;
    if (bytes[i + 1] !== LF) return cursor.refuse(REFUSAL.bareCr);
    let valueEnd = i;
    while (valueEnd > valueAt && isBlank(bytes[valueEnd - 1] as number)) valueEnd--;
    i += 2;
    if (fields.count >= maxCount) return cursor.refuse(REFUSAL.fieldsTooMany);
    const kind = kindOf(bytes, nameAt, nameEnd);
    fields.push(kind, nameAt - base, nameEnd - base, valueAt - base, valueEnd - base, i - base);
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HT;
}

function nameRefusal(byte: number, first: boolean): Refusal {
  if (byte === LF) return REFUSAL.bareLf;
  if (isBlank(byte)) return first ? REFUSAL.fieldFolded : REFUSAL.fieldSpace;
  if (byte < SP || byte === 0x7f) return REFUSAL.control;
  return REFUSAL.fieldName;
}
