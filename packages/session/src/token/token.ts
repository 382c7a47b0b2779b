import { type Awaitable, type CryptoProvider, fromBase64Url, type Random, toBase64Url } from "@sojourn/core";

/** What the client holds: a name, fixed for the session's life, and a secret, replaced at rotation. */
export interface Token {
  readonly name: Uint8Array;
  readonly secret: Uint8Array;
}

export const NAME_BYTES = 16;
export const SECRET_BYTES = 16;
const TOKEN_CHARS = 43;

export function newName(random: Random): Uint8Array {
  return random.bytes(NAME_BYTES);
}

export function newSecret(random: Random): Uint8Array {
  return random.bytes(SECRET_BYTES);
}

export function formatToken({ name, secret }: Token): string {
  return toBase64Url(tokenBytes({ name, secret }));
}

export function tokenBytes({ name, secret }: Token): Uint8Array {
  const bytes = new Uint8Array(NAME_BYTES + SECRET_BYTES);
  bytes.set(name);
  bytes.set(secret, NAME_BYTES);
  return bytes;
}

/** @param text without its route tag. @returns undefined for whatever is not exactly one token. */
export function parseToken(text: string): Token | undefined {
  if (text.length !== TOKEN_CHARS) return undefined;
  const bytes = fromBase64Url(text);
  if (bytes === undefined) return undefined;
  // Copies: a view would move the bytes out of the heap, which costs three times as much.
  return { name: bytes.slice(0, NAME_BYTES), secret: bytes.slice(NAME_BYTES) };
}

/** The key: base64url(SHA-256(name)). Stable for the session's life and safe to show. */
export function keyOfName(name: Uint8Array, crypto: CryptoProvider): Awaitable<string> {
  return crypto.sha256Base64Url(name);
}

const KEY = /^[A-Za-z0-9_-]{43}$/;

/** Whether `id` can be a session's key. User records have other keys, so no id given from outside reaches them. */
export function isSessionKey(id: unknown): id is string {
  return typeof id === "string" && KEY.test(id);
}
