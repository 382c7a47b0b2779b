import { fromBase64Url, toBase64Url } from "./bytes.ts";
import { SojournError } from "./errors/sojourn-error.ts";
import type { Random } from "./random.ts";

/** One key as it is written down: `sjk1.<id>.<secret>`, with `opens:` in front when it must not seal. */
export interface KeyText {
  /** Eight hex digits; public, names the key in sealed values, logs and errors. */
  readonly id: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  readonly sealsAllowed: boolean;
}

export const KEY_ID_BYTES = 4;
const SECRET_BYTES = 32;
const SECRET_CHARACTERS = 43;
const OPENS = "opens:";
/** Stands for what is no text, which may not even turn into one. */
const NOT_TEXT = "?";
const SHAPE = /^sjk1\.([0-9a-f]{8})\.([A-Za-z0-9_-]*)$/;

/** A new key, ready for `SOJOURN_KEYS`. */
export function generateKey(random: Random): string {
  return `sjk1.${hex(random.bytes(KEY_ID_BYTES))}.${toBase64Url(random.bytes(SECRET_BYTES))}`;
}

/**
 * Reads a comma-separated list or an array of keys.
 * @param where names the source in errors, for example `SOJOURN_KEYS`. The errors never quote a key.
 * @throws KEY_INVALID KEY_RING_UNUSABLE
 */
export function parseKeys(keys: string | readonly string[], where: string): readonly KeyText[] {
  const listed: unknown = typeof keys === "string" ? keys.split(",") : keys;
  if (!Array.isArray(listed))
    throw new SojournError("KEY_RING_UNUSABLE", { where, reason: "it is neither a text nor a list of texts" });
  const texts = listed.map((text: unknown) => (typeof text === "string" ? text.trim() : NOT_TEXT));
  const given = texts.filter((text) => text !== "");
  if (given.length === 0) throw new SojournError("KEY_RING_UNUSABLE", { where, reason: "it is empty" });
  const parsed = given.map((text, index) => parseKey(text, index + 1, where));
  const ids = new Set(parsed.map((key) => key.id));
  if (ids.size !== parsed.length) {
    throw new SojournError("KEY_RING_UNUSABLE", { where, reason: "two keys have the same id" });
  }
  if (!parsed.some((key) => key.sealsAllowed)) {
    throw new SojournError("KEY_RING_UNUSABLE", { where, reason: "every key is marked opens:, so none seals" });
  }
  return parsed;
}

function parseKey(text: string, position: number, where: string): KeyText {
  const sealsAllowed = !text.startsWith(OPENS);
  const match = SHAPE.exec(sealsAllowed ? text : text.slice(OPENS.length));
  const invalid = (reason: string) => new SojournError("KEY_INVALID", { position, where, reason });
  if (match === null) throw invalid("it does not have the form sjk1.<8 hex digits>.<43 characters>");
  const [, id = "", encoded = ""] = match;
  const secret = fromBase64Url(encoded);
  if (secret === undefined || secret.length !== SECRET_BYTES) {
    throw invalid(
      encoded.length === SECRET_CHARACTERS
        ? "its secret is damaged"
        : `its secret holds ${encoded.length} characters, not the ${SECRET_CHARACTERS} that ${SECRET_BYTES} bytes take`,
    );
  }
  return { id, secret, sealsAllowed };
}

export function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}
