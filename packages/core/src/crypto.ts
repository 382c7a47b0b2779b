import type { Awaitable } from "./awaitable.ts";

/**
 * The primitives that keys and tokens need. `node:crypto` answers synchronously (an AES-GCM call costs 6 µs there
 * against 84 µs for WebCrypto), WebCrypto with promises; both produce the same bytes.
 */
export interface CryptoProvider {
  readonly name: "node" | "web";
  sha256(data: Uint8Array): Awaitable<Uint8Array>;
  /** base64url(SHA-256(data)), without a detour through bytes where the platform knows a shorter way. */
  sha256Base64Url(data: Uint8Array): Awaitable<string>;
  hmacSha256(key: Uint8Array, data: Uint8Array): Awaitable<Uint8Array>;
  /** AES-256-GCM with a 12-byte nonce; returns ciphertext followed by the 16-byte tag. */
  aesGcmSeal(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array): Awaitable<Uint8Array>;
  /** @returns undefined when the tag does not match. */
  aesGcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Awaitable<Uint8Array | undefined>;
}

export const GCM_NONCE_BYTES = 12;
export const GCM_TAG_BYTES = 16;
