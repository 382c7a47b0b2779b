import { type Awaitable, fromBase64Url, type KeyRing, SojournError, toBase64Url, utf8 } from "@sojourn/core";
import { type CryptoKey, importJWK, type JWK } from "jose";

/** `A256GCM`: encrypted, nobody but these servers reads it. The others are signed, and whoever holds the token reads it. */
export type JwtAlgorithm = "HS256" | "ES256" | "EdDSA" | "A256GCM";

/**
 * A key of P-256 (ES256) or Ed25519 (EdDSA) as a JWK. `kid` names it in tokens and in the JWKS; `d` is its private half,
 * which only the first of several needs.
 */
export interface JwtSigningKey {
  readonly kid: string;
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
  readonly d?: string;
}

export interface JwtKey {
  readonly header: { readonly alg: string; readonly enc?: string; readonly kid: string; readonly typ: string };
  /** The first part of every token under this key. */
  readonly text: string;
  issuing(): Promise<CryptoKey>;
  checking(): Promise<CryptoKey>;
}

/** The first issues, all of them check. Only tokens with exactly the header of one of them are looked at. */
export type JwtKeys = readonly [JwtKey, ...JwtKey[]];

const COORDINATE_BYTES = 32;
const KID = /^[A-Za-z0-9._-]{1,64}$/;
const CURVES = {
  ES256: { kty: "EC", crv: "P-256", parts: ["x", "y"] },
  EdDSA: { kty: "OKP", crv: "Ed25519", parts: ["x"] },
} as const;

/** Keys of the ring, one made of each of its secrets: rotation is that of the ring. */
export function ringKeys(algorithm: "HS256" | "A256GCM", typ: string, ring: KeyRing): JwtKeys {
  const { digest } = ring.sealer("jwt");
  const own = algorithm === "HS256" ? { alg: "HS256" } : { alg: "A256KW", enc: "A256GCM" };
  return atLeastOne(
    ring.keyIds.map((kid) => {
      const key = once(async () => importSecret(algorithm, await digest(utf8(algorithm), kid)));
      return keyOf({ ...own, kid, typ }, key, key);
    }),
  );
}

function importSecret(algorithm: "HS256" | "A256GCM", secret: Uint8Array): Promise<CryptoKey> {
  const raw = new Uint8Array(secret);
  // Each token's content has a fresh key, which this one wraps without a nonce: no number of tokens wears it out.
  if (algorithm === "A256GCM") return crypto.subtle.importKey("raw", raw, "AES-KW", false, ["wrapKey", "unwrapKey"]);
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

export function pairKeys(algorithm: "ES256" | "EdDSA", typ: string, given: readonly JwtSigningKey[]): JwtKeys {
  return atLeastOne(
    given.map((jwk) => {
      const use = (key: JWK) => once(async () => (await importJWK(key, algorithm)) as CryptoKey);
      const own = { alg: algorithm, kid: jwk.kid, typ };
      return keyOf(
        own,
        use({ ...publicPart(jwk), ...(jwk.d === undefined ? {} : { d: jwk.d }) }),
        use(publicPart(jwk)),
      );
    }),
  );
}

/** What may be told to everybody; never `d`, whatever else the key holds. */
export function publicPart({ kid, kty, crv, x, y }: JwtSigningKey): JWK {
  return { kid, kty, crv, x, ...(y === undefined ? {} : { y }) };
}

/** @throws OPTIONS_INVALID, without quoting a key */
export function checkSigningKeys(algorithm: "ES256" | "EdDSA", given: unknown): readonly JwtSigningKey[] {
  const refuse = (at: string, what: string) => {
    const how = `give a list of JWKs for ${algorithm}, each with a kid of its own, the first with its private half`;
    return new SojournError("OPTIONS_INVALID", { where: `jsonWebToken.signingKeys${at}`, what, how });
  };
  if (!Array.isArray(given) || given.length === 0) throw refuse("", "is no list of keys");
  const { kty, crv, parts } = CURVES[algorithm];
  const kids = new Set<unknown>();
  given.forEach((key: unknown, i) => {
    const at = `[${i}]`;
    const jwk = (typeof key === "object" && key !== null ? key : {}) as Readonly<Record<string, unknown>>;
    if (jwk.kty !== kty || jwk.crv !== crv) throw refuse(at, `is no key of ${crv}`);
    if (typeof jwk.kid !== "string" || !KID.test(jwk.kid)) throw refuse(`${at}.kid`, "is no name");
    if (kids.has(jwk.kid)) throw refuse(`${at}.kid`, "is that of another key");
    kids.add(jwk.kid);
    const needed = i === 0 ? [...parts, "d"] : jwk.d === undefined ? parts : [...parts, "d"];
    const damaged = needed.find((part) => {
      const value = jwk[part];
      return typeof value !== "string" || fromBase64Url(value)?.length !== COORDINATE_BYTES;
    });
    if (damaged !== undefined) throw refuse(`${at}.${damaged}`, "is missing or damaged");
  });
  return given as readonly JwtSigningKey[];
}

function keyOf(header: JwtKey["header"], issuing: JwtKey["issuing"], checking: JwtKey["checking"]): JwtKey {
  return { header, text: toBase64Url(utf8(JSON.stringify(header))), issuing, checking };
}

function atLeastOne(keys: readonly JwtKey[]): JwtKeys {
  const [first, ...others] = keys;
  if (first === undefined) throw new RangeError("no keys");
  return [first, ...others];
}

/** Made at the first use and kept; a failure is not kept. */
function once(make: () => Awaitable<CryptoKey> | Promise<CryptoKey>): () => Promise<CryptoKey> {
  let made: Promise<CryptoKey> | undefined;
  return () => {
    made ??= Promise.resolve(make()).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
