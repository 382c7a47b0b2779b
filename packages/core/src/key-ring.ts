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
  /** Key id (4 bytes) followed by the first `macBytes` of HMAC-SHA-256 over `data`. */
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

interface PurposeKey {
  readonly id: string;
  readonly idBytes: Uint8Array;
  key(): Awaitable<Uint8Array>;
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
  const label = utf8(`sojourn/v1/${purpose}`);
  const ring = keys.map((key) => purposeKey(key, label, crypto));
  const current = ring[0] as PurposeKey; // a ring is never empty
  const byId = new Map(ring.map((key) => [key.id, key]));
  const subkey = (key: PurposeKey, salt: Uint8Array) => andThen(key.key(), (bytes) => crypto.hmacSha256(bytes, salt));
  const digest = (key: PurposeKey, data: Uint8Array) => andThen(key.key(), (bytes) => crypto.hmacSha256(bytes, data));

  return Object.freeze({
    seal(plaintext: Uint8Array, aad: Uint8Array, salt?: Uint8Array): Awaitable<Uint8Array> {
      const own = salt ?? random.bytes(SALT_BYTES);
      const nonce = random.bytes(GCM_NONCE_BYTES);
      const head = concatBytes(Uint8Array.of(SEALED_FORMAT), current.idBytes, salt === undefined ? own : NONE, nonce);
      return andThen(subkey(current, own), (key) =>
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
      return andThen(subkey(key, salt ?? sealed.subarray(HEADER_BYTES, nonceAt)), (bytes) =>
        andThen(
          crypto.aesGcmOpen(bytes, nonce, body, aad),
          (plaintext): Opened =>
            plaintext === undefined ? FORGED : { status: "ok", plaintext, keyId, outdated: key !== current },
        ),
      );
    },
    sign: (data: Uint8Array, macBytes: number) =>
      andThen(digest(current, data), (mac) => concatBytes(current.idBytes, mac.subarray(0, macBytes))),
    verify(data: Uint8Array, signature: Uint8Array, macBytes: number): Awaitable<Verified> {
      if (signature.length !== KEY_ID_BYTES + macBytes) return "forged";
      const key = byId.get(hex(signature.subarray(0, KEY_ID_BYTES)));
      if (key === undefined) return "unknown-key";
      return andThen(digest(key, data), (mac): Verified => {
        if (!equalBytes(mac.subarray(0, macBytes), signature.subarray(KEY_ID_BYTES))) return "forged";
        return key === current ? "ok" : "outdated";
      });
    },
    digest(data: Uint8Array, keyId?: string): Awaitable<Uint8Array> {
      const key = keyId === undefined ? current : byId.get(keyId);
      if (key === undefined) throw new RangeError(`key ${keyId} is not in this ring`);
      return digest(key, data);
    },
  });
}

const NONE = new Uint8Array(0);
const FORGED: Opened = Object.freeze({ status: "forged" });

/** Derives the purpose key on first use and keeps it. */
function purposeKey({ id, secret }: KeyText, label: Uint8Array, crypto: CryptoProvider): PurposeKey {
  let derived: Awaitable<Uint8Array> | undefined;
  return {
    id,
    idBytes: Uint8Array.from({ length: KEY_ID_BYTES }, (_, i) => Number.parseInt(id.slice(i * 2, i * 2 + 2), 16)),
    key() {
      if (derived === undefined) {
        derived = crypto.hmacSha256(secret, label);
        if (isPromise(derived)) {
          const pending = derived;
          pending.then((key) => (derived = key)).catch(() => (derived = undefined));
        }
      }
      return derived;
    },
  };
}
