import { type Duration, parseDuration, SojournError } from "@sojourn/core";
import { checkNames } from "../option-check.ts";
import type { AnyStore } from "../store.ts";
import { type HeaderNames, headerNames } from "./header-names.ts";
import { checkSigningKeys, type JwtAlgorithm, type JwtSigningKey } from "./jwt-keys.ts";

export interface JsonWebTokenOptions {
  /** `iss`: who makes the tokens, a URL as a rule. Tokens of another are no session. */
  readonly issuer: string;
  /** `aud`: whom they are for. Tokens for others are no session. */
  readonly audience: string;
  /**
   * `"HS256"` and the encrypted `"A256GCM"` take their keys from the key ring; `"ES256"` and `"EdDSA"` need
   * `signingKeys`, and others can check them by the JWKS. Whoever holds a signed token reads all that it says.
   */
  readonly algorithm: JwtAlgorithm;
  /**
   * The first signs, all check, and the JWKS names all of them. To rotate: add the new one at the end everywhere, then
   * move it to the front, then drop the old one when no session from before is left.
   */
  readonly signingKeys?: readonly JwtSigningKey[];
  /**
   * How a logged-out token is kept from working again, as with `sealedCookie`: by a store that every request with a session
   * asks, or `"none"`: not at all. Others that check tokens by the JWKS do not ask it: `refresh` bounds how long they are
   * wrong. One or the other must be said.
   */
  readonly revocation: "none" | AnyStore;
  /** Whether clients send the token in a header and are given it in one, under these names. @default false: a cookie */
  readonly header?: boolean | HeaderNames;
  /**
   * Tokens that run out early and are replaced against a refresh token, which is good for one use. Needs a store for
   * `revocation`. Absent: a token is good until the session's deadline, which moves with its use.
   */
  readonly refresh?: JwtRefreshOptions;
  /** `typ`: what kind of token it is; of another kind it is no session. @default "session+jwt" */
  readonly type?: string;
  /** What a token may take, as of `sealedCookie`, from 512 to 16384. @default 7168 */
  readonly maxBytes?: number;
}

export interface JwtRefreshOptions {
  /** How long a token works without being refreshed. */
  readonly accessFor: Duration;
  /**
   * For how long a refresh token that was used is answered once more with the same next one: to parallel requests, and to
   * clients that lost the response. Presented later it ends the session. @default "30s"
   */
  readonly grace?: Duration;
}

const OPTIONS = [
  "issuer",
  "audience",
  "algorithm",
  "signingKeys",
  "revocation",
  "header",
  "refresh",
  "type",
  "maxBytes",
];
const NAME = /^[!-~]{1,512}$/;
const TYPE = /^[A-Za-z0-9.+-]{1,64}$/;
const MIN_BYTES = 512;
const MAX_BYTES = 16_384;

/** The options with every default filled in. */
export interface JwtSettings {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithm: JwtAlgorithm;
  readonly signingKeys: readonly JwtSigningKey[];
  readonly header: Required<HeaderNames> | undefined;
  readonly refresh: { readonly accessForMs: number; readonly graceMs: number } | undefined;
  readonly type: string;
  readonly maxBytes: number;
}

/** @throws OPTIONS_INVALID UNSUPPORTED DURATION_INVALID DURATION_OUT_OF_RANGE */
export function resolveJwt(options: JsonWebTokenOptions): JwtSettings {
  const refuse = (where: string, what: string, how: string) =>
    new SojournError("OPTIONS_INVALID", { where: where === "" ? "jsonWebToken" : `jsonWebToken.${where}`, what, how });
  const given: unknown = options;
  if (typeof given !== "object" || given === null) throw refuse("", "is given no options", "give an object");
  checkNames(given, OPTIONS, "jsonWebToken");
  const { issuer, audience, algorithm, signingKeys, revocation, type = "session+jwt", maxBytes = 7_168 } = options;
  for (const [name, value] of Object.entries({ issuer, audience })) {
    if (typeof value !== "string" || !NAME.test(value))
      throw refuse(name, "is no name", "give a URL or another name in printable ASCII, the same on all servers");
  }
  if (!(["HS256", "ES256", "EdDSA", "A256GCM"] as unknown[]).includes(algorithm))
    throw refuse("algorithm", "is none of those that there are", 'give "HS256", "ES256", "EdDSA" or "A256GCM"');
  const pairs = algorithm === "ES256" || algorithm === "EdDSA";
  if (!pairs && signingKeys !== undefined)
    throw refuse("signingKeys", `is not for ${algorithm}`, "leave it out: its keys are those of the key ring");
  if (typeof type !== "string" || !TYPE.test(type))
    throw refuse("type", "is no media type", 'give one like "session+jwt"');
  if (!Number.isInteger(maxBytes) || maxBytes < MIN_BYTES || maxBytes > MAX_BYTES)
    throw refuse("maxBytes", "is out of range", `give a whole number from ${MIN_BYTES} to ${MAX_BYTES}`);
  checkRevocation(revocation, options.refresh !== undefined);
  const header = resolveHeader(options.header, refuse);
  const refresh = resolveRefresh(options.refresh, refuse);
  const keys = pairs ? checkSigningKeys(algorithm, signingKeys) : [];
  return { issuer, audience, algorithm, signingKeys: keys, header, type, maxBytes, refresh };
}

type Refuse = (where: string, what: string, how: string) => SojournError;

function checkRevocation(revocation: unknown, refreshes: boolean): void {
  const unsupported = (feature: string, how: string) =>
    new SojournError("UNSUPPORTED", { feature, part: "jsonWebToken", how });
  if (revocation === "none") {
    if (refreshes)
      throw unsupported(
        "refresh without a store",
        "give a store for revocation: nothing else knows which refresh tokens were used",
      );
    return;
  }
  const store = (typeof revocation === "object" && revocation !== null ? revocation : {}) as Readonly<
    Record<string, unknown>
  >;
  if (["read", "write", "delete"].every((name) => typeof store[name] === "function")) return;
  throw unsupported(
    revocation === undefined ? "a token without a word on revocation" : "this revocation",
    'say jsonWebToken({ revocation: "none", … }), or give it a store, and logout is final',
  );
}

function resolveHeader(given: unknown, refuse: Refuse): Required<HeaderNames> | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return headerNames("jsonWebToken.header", {});
  if (typeof given !== "object" || given === null)
    throw refuse("header", "is neither true nor names", "give true, or { request, response }");
  return headerNames("jsonWebToken.header", given);
}

function resolveRefresh(given: unknown, refuse: Refuse): JwtSettings["refresh"] {
  if (given === undefined) return undefined;
  if (typeof given !== "object" || given === null)
    throw refuse("refresh", "is no object", 'give { accessFor: "5m" }, or leave it out');
  checkNames(given, ["accessFor", "grace"], "jsonWebToken.refresh");
  const { accessFor, grace = "30s" } = given as Partial<JwtRefreshOptions>;
  if (accessFor === undefined) throw refuse("refresh.accessFor", "is missing", 'give a duration like "5m"');
  return {
    accessForMs: parseDuration(accessFor, "jsonWebToken.refresh.accessFor", { minMs: 1_000 }),
    graceMs: parseDuration(grace, "jsonWebToken.refresh.grace", { minMs: 0, maxMs: 3_600_000 }),
  };
}
