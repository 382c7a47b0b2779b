import { createCipheriv, createDecipheriv, createHmac, hash } from "node:crypto";
import { type CryptoProvider, GCM_TAG_BYTES } from "./crypto.ts";

/** Synchronous provider over `node:crypto`. Chosen by the `node` import condition. */
export const defaultCrypto: CryptoProvider = {
  name: "node",
  // `crypto.hash` costs 0.5 µs where `createHash` costs 1.2; as a buffer its result lies outside the heap, which costs
  // as much again.
  sha256: (data) => fromLatin1(hash("sha256", data, "binary")),
  sha256Base64Url: (data) => hash("sha256", data, "base64url"),
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
  aesGcmSeal(key, nonce, plaintext, aad) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad);
    return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  },
  aesGcmOpen(key, nonce, sealed, aad) {
    const end = sealed.length - GCM_TAG_BYTES;
    if (end < 0) return undefined;
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: GCM_TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final();
      return plaintext;
    } catch {
      return undefined;
    }
  },
};

function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
