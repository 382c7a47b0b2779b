import {
  type Awaitable,
  andThen,
  type CryptoProvider,
  equalBytes,
  fromBase64Url,
  type Random,
  toBase64Url,
  utf8,
} from "@sojourn/core";
import { CSRF_SEED_BYTES } from "../record/record.ts";

export function newCsrfSeed(random: Random): Uint8Array {
  return random.bytes(CSRF_SEED_BYTES);
}

const PURPOSE = utf8("sojourn/v1/csrf-seed");

/**
 * For a session from before there were CSRF tokens: all requests that ask it for the first at once must be given the same.
 * Nobody but the server has the hash of the current secret.
 */
export function csrfSeedFrom(currentHash: Uint8Array, crypto: CryptoProvider): Awaitable<Uint8Array> {
  return andThen(crypto.hmacSha256(currentHash, PURPOSE), (digest) => digest.slice(0, CSRF_SEED_BYTES));
}

/** Another text each time: compression of a page that also repeats its input would give a fixed one away (BREACH). */
export function csrfTokenOf(seed: Uint8Array, random: Random): string {
  const token = random.bytes(CSRF_SEED_BYTES * 2);
  for (let i = 0; i < CSRF_SEED_BYTES; i++) token[CSRF_SEED_BYTES + i] = (token[i] ?? 0) ^ (seed[i] ?? 0);
  return toBase64Url(token);
}

/** Whether `text` was made from `seed`; compared in constant time. */
export function isCsrfTokenOf(seed: Uint8Array | undefined, text: unknown): boolean {
  const token = typeof text === "string" ? fromBase64Url(text) : undefined;
  if (seed === undefined || token?.length !== CSRF_SEED_BYTES * 2) return false;
  const unmasked = token.slice(CSRF_SEED_BYTES);
  for (let i = 0; i < CSRF_SEED_BYTES; i++) unmasked[i] = (unmasked[i] ?? 0) ^ (token[i] ?? 0);
  return equalBytes(unmasked, seed);
}
