import { type Awaitable, andThen, isPromise } from "./awaitable.ts";
import { concatBytes, equalBytes, utf8 } from "./bytes.ts";
import { type CryptoProvider, GCM_NONCE_BYTES, GCM_TAG_BYTES } from "./crypto.ts";
import { hex, KEY_ID_BYTES, type KeyText, parseKeys } from "./key-text.ts";
import type { Random } from "./random.ts";

/** What `open` found. Forged covers anything damaged or made for another context. */
export type Opened =
  | { readonly status: "ok"; readonly plaintext: Uint8Array; readonly keyId: string; readonly outdated: boolean }
  | { readonly status: "unknown-key"; readonly keyId: string }
  | { readonly status: "forged" };

export type Verified = "ok" | "outdated" | "unknown-key" | "forged";

/**
 * Seals and authenticates for one purpose; values made for one purpose never open under another.
 * `outdated` means: authentic, but sealed by a key that no longer seals. Write it again when convenient.
 */
export interface Sealer {
  /**
   * AES-256-GCM under a subkey of its own: HMAC-SHA-256(purpose key, salt), so that random nonces never wear out.
   * @param salt bound to the value and known when it is opened (a record's key); absent: 16 random bytes in front.
   */
  seal(plaintext: Uint8Array, aad: Uint8Array, salt?: Uint8Array): Awaitable<Uint8Array>;
  open(sealed: Uint8Array, aad: Uint8Array, salt?: Uint8Array): Awaitable<Opened>;
  /**
   * Key id (4 bytes) followed by the first `macBytes` of HMAC-SHA-256 over `data`.
   * @param macBytes 8 to 32
   */
  sign(data: Uint8Array, macBytes: number): Awaitable<Uint8Array>;
  /** Compares in constant time. */
  verify(data: Uint8Array, signature: Uint8Array, macBytes: number): Awaitable<Verified>;
  /** HMAC-SHA-256 under one key of the ring, the sealing one by default; for keyed hashes and aliases. */
  digest(data: Uint8Array, keyId?: string): Awaitable<Uint8Array>;
}

/** Secrets that open, one of which seals. Rotation logs nobody out. */
export interface KeyRing {
  readonly sealingKeyId: string;
  /** All ids, the sealing one first. */
  readonly keyIds: readonly string[];
  /** @param purpose separates uses, for example `session-record`. */
  sealer(purpose: string): Sealer;
}

export interface KeyRingParts {
  readonly crypto: CryptoProvider;
  readonly random: Random;
  /** Names the source in errors. @default "keys" */
  readonly where?: string;
}

const SEALED_FORMAT = 1;
const HEADER_BYTES = 1 + KEY_ID_BYTES;
const SALT_BYTES = 16;

type Derived = () => Awaitable<Uint8Array>;

/** Each use has a key of its own: a digest that is shown to others must not be the subkey or MAC of anything. */
interface PurposeKey {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly sealing: Derived;
  readonly signing: Derived;
  readonly digesting: Derived;
}

/** @throws KEY_INVALID KEY_RING_UNUSABLE */
export function createKeyRing(keys: string | readonly string[], parts: KeyRingParts): KeyRing {
  const parsed = parseKeys(keys, parts.where ?? "keys");
  const sealing = parsed.find((key) => key.sealsAllowed) as KeyText; // parseKeys throws when there is none
  const ordered = [sealing, ...parsed.filter((key) => key !== sealing)];
  return Object.freeze({
    sealingKeyId: sealing.id,
    keyIds: Object.freeze(ordered.map((key) => key.id)),
    sealer: (purpose: string) => createSealer(ordered, purpose, parts),
  });
}

function createSealer(keys: readonly KeyText[], purpose: string, { crypto, random }: KeyRingParts): Sealer {
  const ring = keys.map((key) => purposeKey(key, purpose, crypto));
  const current = ring[0] as PurposeKey; // a ring is never empty
  const byId = new Map(ring.map((key) => [key.id, key]));
  const hmac = (key: Derived, data: Uint8Array) => andThen(key(), (bytes) => crypto.hmacSha256(bytes, data));

  return Object.freeze({
    seal(plaintext: Uint8Array, aad: Uint8Array, salt?: Uint8Array): Awaitable<Uint8Array> {
      const own = salt ?? random.bytes(SALT_BYTES);
      const nonce = random.bytes(GCM_NONCE_BYTES);
      const head = concatBytes(Uint8Array.of(SEALED_FORMAT), current.idBytes, salt === undefined ? own : NONE, nonce);
      return andThen(hmac(current.sealing, own), (key) =>
        andThen(crypto.aesGcmSeal(key, nonce, plaintext, aad), (sealed) => concatBytes(head, sealed)),
      );
    },
    open(sealed: Uint8Array, aad: Uint8Array, salt?: Uint8Array): Awaitable<Opened> {
      const nonceAt = HEADER_BYTES + (salt === undefined ? SALT_BYTES : 0);
      if (sealed.length < nonceAt + GCM_NONCE_BYTES + GCM_TAG_BYTES || sealed[0] !== SEALED_FORMAT) return FORGED;
      const keyId = hex(sealed.subarray(1, HEADER_BYTES));
      const key = byId.get(keyId);
      if (key === undefined) return { status: "unknown-key", keyId };
      const nonce = sealed.subarray(nonceAt, nonceAt + GCM_NONCE_BYTES);
      const body = sealed.subarray(nonceAt + GCM_NONCE_BYTES);
      return andThen(hmac(key.sealing, salt ?? sealed.subarray(HEADER_BYTES, nonceAt)), (bytes) =>
        andThen(
          crypto.aesGcmOpen(bytes, nonce, body, aad),
          (plaintext): Opened =>
            plaintext === undefined ? FORGED : { status: "ok", plaintext, keyId, outdated: key !== current },
        ),
      );
    },
    sign(data: Uint8Array, macBytes: number): Awaitable<Uint8Array> {
      checkMacBytes(macBytes);
      return andThen(hmac(current.signing, data), (mac) => concatBytes(current.idBytes, mac.subarray(0, macBytes)));
    },
    verify(data: Uint8Array, signature: Uint8Array, macBytes: number): Awaitable<Verified> {
      checkMacBytes(macBytes);
      if (signature.length !== KEY_ID_BYTES + macBytes) return "forged";
      const key = byId.get(hex(signature.subarray(0, KEY_ID_BYTES)));
      if (key === undefined) return "unknown-key";
      return andThen(hmac(key.signing, data), (mac): Verified => {
        if (!equalBytes(mac.subarray(0, macBytes), signature.subarray(KEY_ID_BYTES))) return "forged";
        return key === current ? "ok" : "outdated";
      });
    },
    digest(data: Uint8Array, keyId?: string): Awaitable<Uint8Array> {
      const key = keyId === undefined ? current : byId.get(keyId);
      if (key === undefined) throw new RangeError(`key ${keyId} is not in this ring`);
      return hmac(key.digesting, data);
    },
  });
}

const NONE = new Uint8Array(0);
const FORGED: Opened = Object.freeze({ status: "forged" });

/** A shorter MAC can be guessed, and one of no bytes is always right. */
function checkMacBytes(macBytes: number): void {
  if (!(macBytes >= 8 && macBytes <= 32)) throw new RangeError(`a MAC has 8 to 32 bytes, not ${macBytes}`);
}

function purposeKey({ id, secret }: KeyText, purpose: string, crypto: CryptoProvider): PurposeKey {
  const derive = (use: string) => once(() => crypto.hmacSha256(secret, utf8(`sojourn/v1/${use}/${purpose}`)));
  return {
    id,
    idBytes: Uint8Array.from({ length: KEY_ID_BYTES }, (_, i) => Number.parseInt(id.slice(i * 2, i * 2 + 2), 16)),
    sealing: derive("seal"),
    signing: derive("sign"),
    digesting: derive("digest"),
  };
}

/** Made on first use and kept; a failure is not kept. */
function once(make: Derived): Derived {
  let made: Awaitable<Uint8Array> | undefined;
  return () => {
    if (made !== undefined) return made;
    const making = make();
    made = making;
    if (isPromise(making)) {
      making.then(
        (key) => {
          made = key;
        },
        () => {
          made = undefined;
        },
      );
    }
    return making;
  };
}
