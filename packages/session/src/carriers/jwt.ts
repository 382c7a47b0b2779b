/**
 * The record in a JSON Web Token, signed or encrypted by `jose`. Anything else than a token of ours is no session: the first
 * part of a token must be, byte for byte, the header that one of our keys writes, so neither `none` nor another algorithm,
 * key, type or extension is ever looked at; then signature, issuer, audience and expiry must hold.
 *
 *     header    {"alg","kid","typ"}, encrypted {"alg":"A256KW","enc":"A256GCM","kid","typ"}
 *     claims    jwt-claims.ts
 *     refresh   key id and HMAC-SHA-256 (core/seal "jwt-refresh") over session, login and number of use
 */
import { type Awaitable, andThen, formatDuration, fromBase64Url, SojournError, toBase64Url, utf8 } from "@sojourn/core";
import { EncryptJWT, errors, type JWK, type JWTPayload, jwtDecrypt, jwtVerify, SignJWT } from "jose";
import type { BoundRecordCarrier, CarriedRecord, CarrierContext, RecordCarrier } from "../carrier.ts";
import type { CarriedSession } from "../record/carried.ts";
import { fromClaims, toClaims } from "./jwt-claims.ts";
import { type JwtKey, type JwtKeys, pairKeys, publicPart, ringKeys } from "./jwt-keys.ts";
import { type JsonWebTokenOptions, type JwtSettings, resolveJwt } from "./jwt-options.ts";
import { inCookie, inHeader } from "./jwt-transport.ts";

export type { JwtAlgorithm, JwtSigningKey } from "./jwt-keys.ts";
export type { JsonWebTokenOptions, JwtRefreshOptions } from "./jwt-options.ts";

/** A carrier that also tells others how to check its tokens. */
export interface JsonWebTokenCarrier extends RecordCarrier {
  /** The public keys (RFC 7517), to be served as JSON. @throws UNSUPPORTED with HS256 and A256GCM, whose keys are secrets */
  jwks(): { readonly keys: readonly JWK[] };
}

const MAC_BYTES = 32;

/** @throws OPTIONS_INVALID UNSUPPORTED DURATION_INVALID DURATION_OUT_OF_RANGE */
export function jsonWebToken(options: JsonWebTokenOptions): JsonWebTokenCarrier {
  const settings = resolveJwt(options);
  const { algorithm, header, refresh, issuer, audience, type, signingKeys } = settings;
  const pairs = algorithm === "ES256" || algorithm === "EdDSA";
  return Object.freeze<JsonWebTokenCarrier>({
    holds: "record",
    name: "JSON Web Token",
    revocation: options.revocation,
    ...(header === undefined ? {} : { header: header.request }),
    ...(refresh === undefined ? {} : { refresh }),
    ...(pairs && refresh === undefined ? { keyless: true as const } : {}),
    rules: [
      ["token algorithm", algorithm === "A256GCM" ? "A256KW with A256GCM; no other" : `${algorithm}; no other`],
      ["token issuer, audience, type", `${issuer}, ${audience}, ${type}; no others`],
      ["at rest", algorithm === "A256GCM" ? "encrypted, with the client" : "signed, with the client, who can read it"],
      ["token works for", refresh === undefined ? "as long as the session" : formatDuration(refresh.accessForMs)],
      ...(refresh === undefined ? [] : [refreshRule(refresh.graceMs)]),
    ],
    bind: (context) => bind(context, settings),
    jwks() {
      if (pairs) return { keys: signingKeys.map((key) => ({ ...publicPart(key), alg: algorithm, use: "sig" })) };
      const how = 'choose "ES256" or "EdDSA"';
      throw new SojournError("UNSUPPORTED", { feature: "a JWKS", part: algorithm, how });
    },
  });
}

function refreshRule(graceMs: number): readonly [string, string] {
  return ["refresh token", `good for one use; presented again after ${formatDuration(graceMs)} it ends the session`];
}

function bind({ cookie, keys, runtime: { clock } }: CarrierContext, options: JwtSettings): BoundRecordCarrier {
  const { issuer, audience, algorithm, refresh, header, maxBytes, type } = options;
  const refreshes = refresh !== undefined;
  const transport =
    header === undefined ? inCookie(cookie, maxBytes, refreshes) : inHeader(header, maxBytes, refreshes);
  const own: JwtKeys =
    algorithm === "HS256" || algorithm === "A256GCM"
      ? ringKeys(algorithm, type, keys())
      : pairKeys(algorithm, type, options.signingKeys);
  const [issuing] = own;
  const byHeader = new Map(own.map((key) => [key.text, key]));
  const signer = refreshes ? keys().sealer("jwt-refresh") : undefined;

  /** The claims of a token of ours, run out or not. */
  async function check(token: string, key: JwtKey): Promise<{ claims: JWTPayload; ranOut: boolean } | undefined> {
    const secret = await key.checking();
    const wanted = { issuer, audience, requiredClaims: ["exp"], currentDate: new Date(clock.now()) };
    try {
      const checking =
        algorithm === "A256GCM"
          ? jwtDecrypt(token, secret, {
              ...wanted,
              keyManagementAlgorithms: ["A256KW"],
              contentEncryptionAlgorithms: ["A256GCM"],
            })
          : jwtVerify(token, secret, { ...wanted, algorithms: [algorithm] });
      return { claims: (await checking).payload, ranOut: false };
    } catch (error) {
      // It looks at the deadline last: all else was right.
      if (error instanceof errors.JWTExpired && error.claim === "exp" && error.reason === "check_failed")
        return { claims: error.payload, ranOut: true };
      return undefined;
    }
  }

  function refreshed({ key, record }: CarriedSession, number: number): Uint8Array {
    return utf8(JSON.stringify([issuer, audience, type, key, record.createdAtMs, number]));
  }

  async function openToken(token: string, tag: string | undefined, presented: () => string | undefined) {
    const key = byHeader.get(token.slice(0, token.indexOf(".")));
    // One spelling of each token: decoders overlook the unused bits of a last letter.
    if (key === undefined || token.split(".").some((part) => fromBase64Url(part) === undefined)) return undefined;
    const checked = await check(token, key);
    const found = checked && fromClaims(checked.claims);
    if (found === undefined) return undefined;
    const { session, issue } = found;
    const carried: CarriedRecord = { session, tag, ...(issue === undefined ? {} : { issue }) };
    if (checked?.ranOut !== true) return carried;
    const given = signer === undefined || issue === undefined ? undefined : fromBase64Url(presented() ?? "");
    if (signer === undefined || issue === undefined || given === undefined) return undefined;
    const verdict = await signer.verify(refreshed(session, issue.refreshed), given, MAC_BYTES);
    return verdict === "ok" || verdict === "outdated" ? { ...carried, ranOut: true as const } : undefined;
  }

  return {
    open(request): Awaitable<CarriedRecord | undefined> {
      const carried = transport.read(request);
      if (carried === undefined) return undefined;
      return openToken(carried.token, carried.tag, () => transport.readRefresh(request));
    },
    async seal(session, { issue, ...write }, request) {
      const nowMs = clock.now();
      const number = signer === undefined ? undefined : (issue?.refreshed ?? 0);
      const runsOutAtMs = issue?.runsOutAtMs ?? nowMs + (refresh?.accessForMs ?? Number.POSITIVE_INFINITY);
      const expiresAtMs = Math.min(session.expiresAtMs, runsOutAtMs);
      const claims = toClaims(session, { issuer, audience, nowMs, expiresAtMs, refreshed: number });
      const secret = await issuing.issuing();
      const { alg, enc, kid, typ } = issuing.header;
      const token =
        enc === undefined
          ? await new SignJWT(claims).setProtectedHeader({ alg, kid, typ }).sign(secret)
          : await new EncryptJWT(claims).setProtectedHeader({ alg, enc, kid, typ }).encrypt(secret);
      if (signer === undefined || number === undefined) return transport.write(token, undefined, write, request);
      return andThen(signer.sign(refreshed(session, number), MAC_BYTES), (mac) =>
        transport.write(token, toBase64Url(mac), write, request),
      );
    },
    clear: (request) => transport.clear(request),
  };
}
