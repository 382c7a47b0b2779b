import { toBase64Url } from "./bytes.ts";
import { type CryptoProvider, GCM_TAG_BYTES } from "./crypto.ts";

/** WebCrypto's types ask for an ArrayBuffer, never a shared one; nothing in Sojourn makes a shared one. */
const source = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>;
const gcm = (nonce: Uint8Array, aad: Uint8Array) => ({
  name: "AES-GCM",
  iv: source(nonce),
  additionalData: source(aad),
  tagLength: GCM_TAG_BYTES * 8,
});

async function sha256(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", source(data)));
}

/** Asynchronous provider over WebCrypto, for every runtime that is not Node. */
export const defaultCrypto: CryptoProvider = {
  name: "web",
  sha256,
  sha256Base64Url: async (data) => toBase64Url(await sha256(data)),
  async hmacSha256(key, data) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const imported = await crypto.subtle.importKey("raw", source(key), algorithm, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, source(data)));
  },
  async aesGcmSeal(key, nonce, plaintext, aad) {
    const imported = await crypto.subtle.importKey("raw", source(key), "AES-GCM", false, ["encrypt"]);
    return new Uint8Array(await crypto.subtle.encrypt(gcm(nonce, aad), imported, source(plaintext)));
  },
  async aesGcmOpen(key, nonce, sealed, aad) {
    const imported = await crypto.subtle.importKey("raw", source(key), "AES-GCM", false, ["decrypt"]);
    try {
      return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce, aad), imported, source(sealed)));
    } catch {
      return undefined;
    }
  },
};
