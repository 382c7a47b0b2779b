import { type Awaitable, andThen, type KeyRing, SojournError, utf8 } from "@sojourn/core";
import type { Emit } from "./emitter.ts";

/** Seals what goes to a store and opens what comes back, bound to the key it is kept under. */
export interface Vault {
  seal(key: string, bytes: Uint8Array): Awaitable<Uint8Array>;
  /**
   * @returns undefined for what was forged, damaged, moved from another key or written plain: that is no session.
   * @throws SESSION_KEY_UNKNOWN: this node cannot tell, and must not overwrite it.
   */
  open(key: string, bytes: Uint8Array): Awaitable<Uint8Array | undefined>;
  /** Tells of what opened and is no record. */
  damaged(key: string): undefined;
}

/** First byte of what a key ring seals. */
const SEALED = 1;

/** @param ring absent: records are kept plain. */
export function createVault(ring: KeyRing | undefined, purpose: string, acceptPlain: boolean, emit: Emit): Vault {
  const damaged = (key: string) => void emit({ type: "session.unreadable", id: key, reason: "forged" });
  if (ring === undefined) {
    // Without keys a sealed record cannot be told apart from one that another node needs.
    const open = (key: string, bytes: Uint8Array) => {
      if (bytes[0] !== SEALED) return bytes;
      emit({ type: "session.unreadable", id: key, reason: "unknown-key" });
      throw new SojournError("SESSION_KEY_UNKNOWN", { keyId: hexOf(bytes) });
    };
    return { seal: (_key, bytes) => bytes, open, damaged };
  }
  const sealer = ring.sealer(purpose);
  return {
    damaged,
    seal(key, bytes) {
      const bound = utf8(key);
      return sealer.seal(bytes, bound, bound);
    },
    open(key, bytes) {
      if (bytes[0] !== SEALED) {
        if (acceptPlain) return bytes;
        emit({ type: "session.unreadable", id: key, reason: "plain" });
        return undefined;
      }
      const bound = utf8(key);
      return andThen(sealer.open(bytes, bound, bound), (opened) => {
        if (opened.status === "ok") return opened.plaintext;
        emit({ type: "session.unreadable", id: key, reason: opened.status });
        if (opened.status === "forged") return undefined;
        throw new SojournError("SESSION_KEY_UNKNOWN", { keyId: opened.keyId });
      });
    },
  };
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes.subarray(1, 5)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
