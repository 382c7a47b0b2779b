export const HT = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COLON = 0x3a;

function table(accepts: (code: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (accepts(code) ? 1 : 0));
}

const among = (set: string) => (code: number) => set.includes(String.fromCharCode(code));
const alphanumeric = (code: number) =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);

/** tchar, RFC 9110 §5.6.2. */
export const TOKEN = table((code) => alphanumeric(code) || among("!#$%&'*+-.^_`|~")(code));

/** What a field value may hold (RFC 9110 §5.5): HTAB, SP, VCHAR, obs-text. */
export const FIELD = table((code) => code === HT || (code >= 0x20 && code !== 0x7f));

/**
 * What a request target may hold: visible ASCII but for `#`. Wider than RFC 3986, because browsers send `|`, `{` and
 * `"` unencoded; none of these can end a request line.
 */
export const TARGET = table((code) => code > 0x20 && code < 0x7f && code !== 0x23);

/** reg-name of RFC 3986 without percent encoding and sub-delims, which no host on the web needs. */
export const HOST = table((code) => alphanumeric(code) || among("-._~")(code));

/** Inside the brackets of an IPv6 literal. */
export const HOST_V6 = table((code) => among("0123456789abcdefABCDEF:.")(code));

/** Chunk extensions: tokens, `=`, `;`. Quoted strings are refused: no known client sends them. */
export const CHUNK_EXTENSION = table((code) => TOKEN[code] === 1 || among("=;")(code));

/** Value of a hexadecimal digit, or 255. */
export const HEX = Uint8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? 255 : value;
});

/** The bytes from `at` to `end` as a string, one character a byte. */
export function latin1(bytes: Buffer, at = 0, end: number = bytes.length): string {
  return bytes.toString("latin1", at, end);
}
