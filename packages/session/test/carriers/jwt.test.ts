import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createKeyRing, fromBase64Url, fromUtf8, toBase64Url, utf8 } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { type JsonWebTokenOptions, jsonWebToken } from "@sojourn/session/carriers/jwt";
import { withSession } from "@sojourn/session/fetch";
import { nodeSession } from "@sojourn/session/node";
import { createBrowser } from "@sojourn/session/testing";
import fc from "fast-check";
import { createLocalJWKSet, EncryptJWT, importJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { KEY_A, KEY_B, type Shop } from "../engine/support.ts";
import { ALGORITHMS, createJwtWorld, ED25519, given, ISSUER, login, P256, send, userOf } from "./jwt-world.ts";

const HOUR = 3_600_000;
const golden: Record<string, string> = JSON.parse(
  readFileSync(new URL("./golden/json-web-token.json", import.meta.url), "utf8"),
);

/** A part of a token, without asking whether it is true. */
const part = (token: string, i: number): JWTPayload =>
  JSON.parse(fromUtf8(fromBase64Url(token.split(".")[i] ?? "") ?? new Uint8Array()));
const ring = (keys = KEY_A) => createKeyRing(keys, createJwtWorld().runtime);
const secretOf = async (keys = KEY_A, algorithm = "HS256") => ring(keys).sealer("jwt").digest(utf8(algorithm));

describe.each(ALGORITHMS)("a token, $algorithm", (own) => {
  it("carries a session from server to server, to its idle and its absolute end", async () => {
    const { sessions, server, runtime } = createJwtWorld(own);
    const session = await send(sessions, {});
    await session.login("ada", { level: 2 });
    session.push("cart", "äpple");
    const tokens = await given(sessions, session);
    const other = server();
    const found = await send(other, tokens ?? {});
    expect([found.userId, found.level, found.get("cart"), found.id]).toEqual(["ada", 2, ["äpple"], session.id]);
    expect(await given(other, found)).toBeUndefined();
    runtime.clock.advance(30 * 60_000 - 1);
    const moved = await send(sessions, tokens ?? {});
    expect(moved.userId).toBe("ada");
    const next = await given(sessions, moved);
    runtime.clock.advance(1);
    expect(await userOf(sessions, tokens ?? {})).toBeUndefined();
    expect(await userOf(sessions, next ?? {})).toBe("ada");
    runtime.clock.advance(12 * HOUR);
    expect(await userOf(sessions, next ?? {})).toBeUndefined();
  });

  it("reads the golden token, and writes it where the algorithm leaves nothing to chance", async () => {
    const { sessions } = createJwtWorld(own);
    const fixed = golden[own.algorithm] ?? "";
    const found = await send(sessions, { token: fixed });
    expect([found.userId, found.get("cart")]).toEqual(["ada", ["apple"]]);
    const session = await send(sessions, {});
    await session.login("ada");
    session.push("cart", "apple");
    const made = (await given(sessions, session))?.token ?? "";
    if (own.algorithm === "HS256" || own.algorithm === "EdDSA") expect(made).toBe(fixed);
    else expect(made.split(".")[0]).toBe(fixed.split(".")[0]);
  });

  it("is no session when anything of it is changed, cut or added", async () => {
    const { sessions } = createJwtWorld(own);
    const { token } = await login(sessions);
    const at = fc.nat(token.length - 1);
    const letter = fc.constantFrom(..."ABab09-_.=~ ");
    const changed = fc.oneof(
      fc.tuple(at, letter).map(([i, c]) => token.slice(0, i) + c + token.slice(i + 1)),
      at.map((i) => token.slice(0, i)),
      fc.tuple(at, letter).map(([i, c]) => token.slice(0, i) + c + token.slice(i)),
      fc.shuffledSubarray(token.split("."), { minLength: 1 }).map((parts) => parts.join(".")),
    );
    await fc.assert(
      fc.asyncProperty(changed, async (text) => {
        fc.pre(text !== token && text.trim() !== token);
        expect(await userOf(sessions, { token: text.trim() })).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });

  it("has one spelling: the unused bits of its last letter count", async () => {
    const { sessions } = createJwtWorld(own);
    const { token } = await login(sessions);
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const next = letters[letters.indexOf(token.at(-1) ?? "") + 1] ?? "";
    expect(next).not.toBe("");
    expect(await userOf(sessions, { token: token.slice(0, -1) + next })).toBeUndefined();
  });

  it("is no session of another issuer, audience, type or ring", async () => {
    const { sessions, server } = createJwtWorld(own);
    const { token } = await login(sessions);
    for (const other of [{ issuer: "https://other" }, { audience: "admin" }, { type: "at+jwt" }]) {
      expect(await userOf(server(other), { token })).toBeUndefined();
      expect(await userOf(sessions, await login(server(other)))).toBeUndefined();
    }
    if (!("signingKeys" in own)) expect(await userOf(server({}, { keys: KEY_B }), { token })).toBeUndefined();
    expect(await userOf(server(), { token })).toBe("ada");
  });

  it("is judged by clocks 5 minutes apart: the deadline holds by each server's own", async () => {
    const { sessions, server, runtime } = createJwtWorld(own);
    const { token } = await login(sessions);
    const skewed = (ms: number) =>
      server({}, { runtime: { clock: { ...runtime.clock, now: () => runtime.clock.now() + ms } } as never });
    const [behind, ahead] = [skewed(-300_000), skewed(300_000)];
    // Made in the future, as the server behind sees it.
    for (const sees of [behind, ahead]) expect(await userOf(sees, { token })).toBe("ada");
    expect(await userOf(sessions, await login(ahead))).toBe("ada");
    runtime.clock.advance(26 * 60_000);
    expect(await Promise.all([behind, sessions, ahead].map((sees) => userOf(sees, { token })))).toEqual([
      "ada",
      "ada",
      undefined,
    ]);
  });
});

describe("what others make", () => {
  const header = { alg: "HS256", kid: "aaaaaaaa", typ: "session+jwt" };
  const claims = async () => part((await login(createJwtWorld().sessions)).token, 1);
  const sign = async (changed: object, head: object = header, secret?: Uint8Array) =>
    new SignJWT({ ...(await claims()), ...changed })
      .setProtectedHeader(head as never)
      .sign(secret ?? (await secretOf()));

  it("is the same token as ours, if it is the same", async () => {
    expect(await userOf(createJwtWorld().sessions, { token: await sign({}) })).toBe("ada");
  });

  it.each([
    ["an issuer in other letters", { iss: "https://SHOP.example.com" }],
    ["no issuer", { iss: undefined }],
    ["another audience", { aud: "admin" }],
    ["no audience", { aud: undefined }],
    ["no deadline", { exp: undefined }],
    ["a deadline in the past", { exp: 1 }],
    ["a deadline that is no number", { exp: "9999999999" }],
    ["a beginning in the future", { nbf: 9_999_999_999 }],
    ["another user", { sub: "bob" }],
    ["no user", { sub: undefined }],
    ["another session", { sid: "A".repeat(43) }],
    ["no record", { rec: undefined }],
    ["a record that is none", { rec: "AAAA" }],
    ["data that are none", { data: "x" }],
    ["a number of refreshes that is none", { rfn: -1 }],
  ])("is no session with %s", async (_, changed) => {
    expect(await userOf(createJwtWorld().sessions, { token: await sign(changed) })).toBeUndefined();
  });

  it.each([
    ["no type", { alg: "HS256", kid: "aaaaaaaa" }],
    ["another type", { ...header, typ: "JWT" }],
    ["the type in other letters", { ...header, typ: "Session+JWT" }],
    ["an unknown key", { ...header, kid: "bbbbbbbb" }],
    ["no key id", { alg: "HS256", typ: header.typ }],
    ["a key to be fetched", { ...header, jku: "https://evil.example/jwks.json" }],
    ["a key of its own", { ...header, jwk: { kty: "oct", k: "AAAA" } }],
    ["another order", { typ: header.typ, alg: "HS256", kid: "aaaaaaaa" }],
  ])("is no session under a header with %s", async (_, head) => {
    expect(await userOf(createJwtWorld().sessions, { token: await sign({}, head) })).toBeUndefined();
  });

  it("is no session with `none`, with crit, or with the names of other algorithms", async () => {
    const { sessions } = createJwtWorld();
    const [, payload = "", mac = ""] = (await login(sessions)).token.split(".");
    const heads = ["none", "NONE", "HS384", "RS256", "ES256", "dir", ""].map((alg) => ({ ...header, alg }));
    for (const head of [...heads, { ...header, crit: ["exp"], exp: 1 }, { ...header, b64: false, crit: ["b64"] }]) {
      const first = toBase64Url(utf8(JSON.stringify(head)));
      for (const last of ["", mac]) {
        expect(await userOf(sessions, { token: `${first}.${payload}.${last}` })).toBeUndefined();
      }
    }
  });

  it("is no session when a public key is taken for a secret", async () => {
    const { sessions } = createJwtWorld({ algorithm: "ES256", signingKeys: [P256] });
    const pem = utf8(JSON.stringify({ kty: P256.kty, crv: P256.crv, x: P256.x, y: P256.y }));
    for (const secret of [pem, utf8(P256.x), fromBase64Url(P256.x) ?? pem]) {
      for (const alg of ["HS256", "ES256"]) {
        const confused = await sign({}, { alg: "HS256", kid: "p256", typ: "session+jwt" }, secret);
        const [, payload, mac] = confused.split(".");
        const first = toBase64Url(utf8(JSON.stringify({ alg, kid: "p256", typ: "session+jwt" })));
        expect(await userOf(sessions, { token: `${first}.${payload}.${mac}` })).toBeUndefined();
      }
    }
  });

  it("is no session when signed where encrypted is expected, under the same ring", async () => {
    const { sessions } = createJwtWorld({ algorithm: "A256GCM" });
    expect(await userOf(sessions, { token: await sign({}) })).toBeUndefined();
    const head = { alg: "A256KW", enc: "A256GCM", kid: "aaaaaaaa", typ: "session+jwt" } as const;
    const encrypt = async (secret: Uint8Array) =>
      new EncryptJWT(await claims()).setProtectedHeader(head).encrypt(secret);
    expect(await userOf(sessions, { token: await encrypt(await secretOf(KEY_A)) })).toBeUndefined();
    expect(await userOf(sessions, { token: await encrypt(await secretOf(KEY_A, "A256GCM")) })).toBe("ada");
  });

  it("never throws, whatever it is", async () => {
    const { sessions } = createJwtWorld();
    const anything = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."eyJ.A-_~0") }),
      fc.array(fc.base64String(), { maxLength: 6 }).map((parts) => parts.join(".").replaceAll(/[+/=]/g, "_")),
      fc.json().map((json) => `${toBase64Url(utf8(JSON.stringify(header)))}.${toBase64Url(utf8(json))}.AAAA`),
      fc.constant("A".repeat(100_000)),
    );
    await fc.assert(
      fc.asyncProperty(anything, async (token) => void (await send(sessions, { token }))),
      { numRuns: 300 },
    );
  });
});

describe("keys", () => {
  it("of a ring rotate: the old one opens, the new one signs", async () => {
    const { server } = createJwtWorld();
    const before = await login(server());
    const rotated = server({}, { keys: `${KEY_B},opens:${KEY_A}` });
    expect(await userOf(rotated, before)).toBe("ada");
    expect(part((await login(rotated)).token, 0)).toEqual({ alg: "HS256", kid: "bbbbbbbb", typ: "session+jwt" });
    expect(await userOf(server({}, { keys: KEY_B }), before)).toBeUndefined();
  });

  it("of pairs are published and rotate: others check by the JWKS, and it holds nothing private", async () => {
    const next = { ...P256, kid: "next" };
    const options = { issuer: ISSUER, audience: "shop", algorithm: "ES256", revocation: "none" } as const;
    const { server } = createJwtWorld({ ...options, signingKeys: [P256, next] });
    const jwks = jsonWebToken({ ...options, signingKeys: [P256, next] }).jwks();
    expect(jwks.keys.map(({ kid, alg, use }) => [kid, alg, use])).toEqual([
      ["p256", "ES256", "sig"],
      ["next", "ES256", "sig"],
    ]);
    expect(JSON.stringify(jwks)).not.toContain(P256.d);
    const { token } = await login(server());
    const clock = { currentDate: new Date(createJwtWorld().runtime.clock.now()) };
    const { payload } = await jwtVerify(token, createLocalJWKSet(jwks as never), {
      issuer: ISSUER,
      audience: "shop",
      typ: "session+jwt",
      ...clock,
    });
    expect(payload).toMatchObject({ sub: "ada", iss: ISSUER, aud: "shop" });
    const promoted = server({ signingKeys: [next, { ...P256, d: undefined } as never] });
    expect(await userOf(promoted, { token })).toBe("ada");
    expect(part((await login(promoted)).token, 0)).toMatchObject({ kid: "next" });
    expect(await userOf(server({ signingKeys: [next] }), { token })).toBeUndefined();
  });

  it("of pairs need no ring, even in production", async () => {
    const carrier = (revocation: JsonWebTokenOptions["revocation"]) =>
      jsonWebToken({ issuer: ISSUER, audience: "a", algorithm: "EdDSA", signingKeys: [ED25519], revocation });
    const sessions = createSessions({ carrier: carrier("none"), env: { NODE_ENV: "production" } });
    expect(String(sessions.policy())).toContain("keys: none");
    await importJWK(ED25519, "EdDSA");
  });
});

describe("what it refuses at once", () => {
  const make = (more: object) => () =>
    jsonWebToken({ issuer: ISSUER, audience: "a", algorithm: "HS256", revocation: "none", ...more } as never);
  it.each([
    [{ issuer: "" }, /jsonWebToken\.issuer/],
    [{ audience: 5 }, /jsonWebToken\.audience/],
    [{ algorithm: "none" }, /jsonWebToken\.algorithm/],
    [{ algorithm: "RS256" }, /jsonWebToken\.algorithm/],
    [{ algorithm: "ES256" }, /signingKeys is no list/],
    [{ algorithm: "ES256", signingKeys: [ED25519] }, /signingKeys\[0\] is no key of P-256/],
    [{ algorithm: "ES256", signingKeys: [{ ...P256, d: undefined }] }, /signingKeys\[0\]\.d/],
    [{ algorithm: "ES256", signingKeys: [P256, P256] }, /signingKeys\[1\]\.kid is that of another/],
    [{ signingKeys: [P256] }, /is not for HS256/],
    [{ revocation: undefined }, /UNSUPPORTED: a token without a word on revocation/],
    [{ refresh: { accessFor: "5m" } }, /UNSUPPORTED: refresh without a store/],
    [{ type: "a b" }, /jsonWebToken\.type/],
    [{ maxBytes: 1 }, /jsonWebToken\.maxBytes/],
    [{ header: { request: "Cookie" } }, /jsonWebToken\.header\.request/],
    [{ header: 5 }, /jsonWebToken\.header/],
    [{ colour: 1 }, /colour is not an option/],
  ])("%j", (more, message) => {
    expect(make(more)).toThrow(message);
    expect(() => make(more)()).not.toThrow(P256.d);
  });

  it("raises for what it cannot do later", async () => {
    expect(() => make({})().jwks()).toThrow("UNSUPPORTED: a JWKS");
    const { sessions } = createJwtWorld();
    await expect(sessions.list("ada")).rejects.toThrow("UNSUPPORTED");
    await expect(sessions.revokeUser("ada")).rejects.toThrow("UNSUPPORTED");
    const session = await send(sessions, {});
    session.set("theme", "x".repeat(8_000));
    await expect(sessions.commit(session)).rejects.toThrow("SESSION_TOKEN_TOO_LARGE");
  });

  it("says in policy() what holds", () => {
    const text = String(createJwtWorld({ algorithm: "ES256", signingKeys: [P256] }).sessions.policy());
    expect(text).toContain("token algorithm: ES256; no other");
    expect(text).toContain("at rest: signed, with the client, who can read it");
    expect(text).toContain("a copy works until it expires (revocation: none)");
    expect(text).not.toContain("cookie name");
  });
});

describe("over real HTTP", () => {
  async function serve(header: boolean): Promise<string> {
    const carrier = jsonWebToken({ issuer: ISSUER, audience: "a", algorithm: "HS256", revocation: "none", header });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {} });
    const handle = nodeSession(sessions).handle(async (request, response, session) => {
      if (request.url === "/login") await session.login("ada");
      if (request.url === "/note") session.set("theme", "x".repeat(4_000));
      if (request.url === "/logout") await session.logout();
      response.end(JSON.stringify({ user: session.userId, theme: session.get("theme")?.length }));
    });
    const server = createServer(handle);
    onTestFinished(() => void server.close().closeAllConnections());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  it("a cookie holds it, or several when it is long, behind a route tag too", async () => {
    const origin = await serve(false);
    const browser = createBrowser();
    const call = async (path: string) => (await browser.request(origin + path, { method: "POST" })).json();
    expect(await call("/login")).toEqual({ user: "ada" });
    expect(await call("/note")).toEqual({ user: "ada", theme: 4_000 });
    expect(await call("/")).toEqual({ user: "ada", theme: 4_000 });
    expect(await call("/logout")).toEqual({});
    expect(await call("/")).toEqual({});
  });

  it("the Authorization header holds it", async () => {
    const origin = await serve(true);
    const entered = await fetch(`${origin}/login`, { method: "POST" });
    const token = entered.headers.get("session-token");
    const call = (path: string, Authorization: string) =>
      fetch(origin + path, { method: "POST", headers: { Authorization } });
    expect(await (await call("/", `Bearer ${token}`)).json()).toEqual({ user: "ada" });
    expect(await (await call("/", `bearer ${token}`)).json()).toEqual({ user: "ada" });
    expect(await (await call("/", `${token}`)).json()).toEqual({});
    expect((await call("/logout", `Bearer ${token}`)).headers.get("session-token")).toBe("");
  });

  it("the balancer's route tag behind the cookie stays", async () => {
    const carrier = jsonWebToken({ issuer: ISSUER, audience: "a", algorithm: "HS256", revocation: "none" });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {} });
    const handler = withSession<Shop>(sessions, async (request, session) => {
      if (request.url.endsWith("/login")) await session.login("ada");
      else session.increment("count");
      return Response.json(session.userId ?? null);
    });
    const [cookie = ""] = (await handler(new Request(`${ISSUER}/login`, { method: "POST" }))).headers.getSetCookie();
    const tagged = `${cookie.split(";")[0]}.shop-1`;
    const next = await handler(new Request(`${ISSUER}/`, { method: "POST", headers: { cookie: tagged } }));
    expect(await next.json()).toBe("ada");
    expect(next.headers.getSetCookie()[0]).toMatch(/^__Host-session=[\w~-]+\.shop-1;/);
  });
});
