import { type Awaitable, andThen, concatBytes, type Runtime, utf8 } from "@sojourn/core";
import type { Successor } from "../record/record.ts";
import { newSecret, type Token, tokenBytes } from "./token.ts";

const PURPOSE = utf8("sojourn/v1/successor");
const NONCE_BYTES = 12;

/** A new secret for the holder of `token`, sealed so that only that holder can be given it. */
export function makeSuccessor(
  token: Token,
  key: string,
  nowMs: number,
  { crypto, random }: Runtime,
): Awaitable<{ readonly successor: Successor; readonly secret: Uint8Array }> {
  const secret = newSecret(random);
  const nonce = random.bytes(NONCE_BYTES);
  return andThen(crypto.hmacSha256(tokenBytes(token), PURPOSE), (sealingKey) =>
    andThen(crypto.aesGcmSeal(sealingKey, nonce, secret, utf8(key)), (box) =>
      andThen(crypto.sha256(secret), (hash) => ({
        secret,
        successor: { hash, issuedAtMs: nowMs, sealed: concatBytes(nonce, box) },
      })),
    ),
  );
}

/** @returns undefined when `token` is not the one the successor was issued to. */
export function openSuccessor(
  token: Token,
  key: string,
  { sealed }: Successor,
  { crypto }: Runtime,
): Awaitable<Uint8Array | undefined> {
  return andThen(crypto.hmacSha256(tokenBytes(token), PURPOSE), (sealingKey) =>
    crypto.aesGcmOpen(sealingKey, sealed.subarray(0, NONCE_BYTES), sealed.subarray(NONCE_BYTES), utf8(key)),
  );
}
