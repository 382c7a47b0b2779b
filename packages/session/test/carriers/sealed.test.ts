import { readFileSync } from "node:fs";
import { type CryptoProvider, createRuntime, fromBase64Url, generateKey, toBase64Url } from "@sojourn/core";
import { createSessions, type Sessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { withSession } from "@sojourn/session/fetch";
import { createBrowser, createCookieJar, createFakeRandom, createFakeRuntime } from "@sojourn/session/testing";
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { defaultCrypto as nodeCrypto } from "../../../core/src/crypto-node.ts";
import { defaultCrypto as webCrypto } from "../../../core/src/crypto-web.ts";

interface Golden {
  readonly key: string;
  readonly seed: number;
  readonly atMs: number;
  readonly note: string;
  readonly id: string;
  readonly value: string;
  /** From before sessions knew their device, and from when the data was one JSON object. They are opened still. */
  readonly earlierValues: readonly string[];
  /** A value that two cookies hold; its note is repeated. */
  readonly several: { readonly noteTimes: number; readonly cookies: readonly string[] };
}

const golden: Golden = JSON.parse(readFileSync(new URL("./golden/sealed-cookie.json", import.meta.url), "utf8"));
const SHOP = "https://shop.test";
const MINUTE_MS = 60_000;
const PROVIDERS: readonly (readonly [string, CryptoProvider])[] = [
  ["node", nodeCrypto],
  ["web", webCrypto],
];

interface Data {
  visits: number;
  note: string;
}

function make(crypto: CryptoProvider, keys: string | readonly string[] = golden.key, seed = 1) {
  const runtime = createFakeRuntime({ crypto, seed });
  const sessions = createSessions<Data>({ carrier: sealedCookie({ revocation: "none" }), keys, runtime, env: {} });
  const handler = withSession(sessions, async (request, session) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") await session.login("ann", { persistent: searchParams.has("persistent") });
    if (pathname === "/logout") await session.logout();
    if (pathname === "/visit") session.increment("visits");
    if (pathname === "/note") session.set("note", "x".repeat(Number(searchParams.get("size"))));
    return Response.json({ user: session.userId ?? null, visits: session.get("visits") ?? 0 });
  });
  const browser = createBrowser({ clock: runtime.clock, send: handler });
  const call = async (path: string, method = "POST") => {
    const response = await browser.request(SHOP + path, { method });
    return { status: response.status, cookies: response.headers.getSetCookie(), json: await response.json() };
  };
  return { runtime, sessions, browser, call, handler };
}

const loadWith = (sessions: Sessions<Data>, Cookie: string) =>
  sessions.load(new Request(SHOP, { headers: { Cookie } }));
const load = (sessions: Sessions<Data>, value: string, name = "__Host-session") =>
  loadWith(sessions, `${name}=${value}`);

/** Every way in which the lines of two responses can reach one jar. */
function interleavings(a: readonly string[], b: readonly string[]): readonly (readonly string[])[] {
  const [first, ...restA] = a;
  const [second, ...restB] = b;
  if (first === undefined || second === undefined) return [[...a, ...b]];
  const after = (line: string, rest: readonly (readonly string[])[]) => rest.map((lines) => [line, ...lines]);
  return [...after(first, interleavings(restA, b)), ...after(second, interleavings(a, restB))];
}

describe.each(PROVIDERS)("under the %s provider", (name, crypto) => {
  test("the session travels in one cookie and needs no store", async () => {
    const { call, browser } = make(crypto);
    await call("/visit");
    expect((await call("/login")).cookies).toHaveLength(1);
    expect((await call("/visit")).json).toEqual({ user: "ann", visits: 2 });
    expect(browser.jar.cookies.map((cookie) => cookie.name)).toEqual(["__Host-session"]);
    expect((await call("/who", "GET")).cookies).toEqual([]);
  });

  test("opens what any provider has sealed", async () => {
    const { sessions, runtime } = make(crypto);
    runtime.clock.setWall(golden.atMs);
    for (const value of [golden.value, ...golden.earlierValues]) {
      const session = await load(sessions, value);
      expect([session.userId, session.get("visits"), session.get("note")]).toEqual(["ann", 3, golden.note]);
      expect(session.id).toBe(golden.id);
    }
  });

  test("seals to the golden value", async () => {
    const { sessions, runtime } = make(crypto, golden.key, golden.seed);
    runtime.clock.setWall(golden.atMs);
    const session = await sessions.load(
      new Request(SHOP, { headers: { "User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0" } }),
    );
    await session.login("ann");
    session.increment("visits", 3);
    session.set("note", golden.note);
    const { setCookies } = await sessions.commit(session);
    expect(setCookies).toEqual([`__Host-session=${golden.value}; Path=/; Secure; HttpOnly; SameSite=Lax`]);
  });

  test("seals to the golden values of two cookies, and opens them", async () => {
    const { sessions, runtime } = make(crypto, golden.key, golden.seed);
    runtime.clock.setWall(golden.atMs);
    const note = golden.note.repeat(golden.several.noteTimes);
    const session = await sessions.load(new Request(SHOP));
    await session.login("ann");
    session.set("note", note);
    const { setCookies } = await sessions.commit(session);
    expect(setCookies).toEqual(golden.several.cookies.map((pair) => `${pair}; Path=/; Secure; HttpOnly; SameSite=Lax`));
    const opened = await loadWith(sessions, golden.several.cookies.join("; "));
    expect([opened.userId, opened.id, opened.get("note")]).toEqual(["ann", session.id, note]);
  });

  test("a damaged value is no session, whichever character it is", { tags: ["asvs-7.2.1"] }, async () => {
    const { sessions, runtime } = make(crypto);
    runtime.clock.setWall(golden.atMs);
    const bytes = fromBase64Url(golden.value) ?? new Uint8Array();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ flip : byte));
        expect((await load(sessions, toBase64Url(damaged))).isNew).toBe(true);
      }),
      { numRuns: name === "web" ? 30 : 100 },
    );
  });
});

describe("what is no session", () => {
  test.each(["", ".", "A", "====", "a.b.c", "\u0001", "A".repeat(100), "A".repeat(70_000)])("%#", async (value) => {
    const { sessions } = make(nodeCrypto);
    const header = (name: string) => (name === "cookie" ? `__Host-session=${value}` : undefined);
    const session = await sessions.load({ method: "GET", header, remoteAddress: undefined, encrypted: true });
    expect(session.isNew).toBe(true);
  });

  test("a value larger than any browser keeps, without trying to open it", async () => {
    const tried = vi.fn(nodeCrypto.aesGcmOpen);
    const { sessions, runtime } = make({ ...nodeCrypto, aesGcmOpen: tried });
    runtime.clock.setWall(golden.atMs);
    expect((await load(sessions, golden.value + "A".repeat(4_096))).isNew).toBe(true);
    expect(tried).not.toHaveBeenCalled();
    expect((await load(sessions, `${golden.value}AAAA`)).isNew).toBe(true);
    expect(tried).toHaveBeenCalled();
  });

  test("a value of another key ring, of another purpose's cookie, or after a second dot", async () => {
    const other = make(nodeCrypto, generateKey(createFakeRandom(9)));
    other.runtime.clock.setWall(golden.atMs);
    expect((await load(other.sessions, golden.value)).isNew).toBe(true);

    const { runtime } = make(nodeCrypto);
    runtime.clock.setWall(golden.atMs);
    const renamed = createSessions<Data>({
      carrier: sealedCookie({ revocation: "none" }),
      keys: golden.key,
      cookie: { name: "__Host-other" },
      runtime,
      env: {},
    });
    expect((await load(renamed, golden.value, "__Host-other")).isNew).toBe(true);
  });
});

test("a key that no longer seals still opens, so rotation logs nobody out", async () => {
  const newer = generateKey(createFakeRandom(5));
  const { sessions, runtime } = make(nodeCrypto, [newer, `opens:${golden.key}`]);
  runtime.clock.setWall(golden.atMs);
  expect((await load(sessions, golden.value)).userId).toBe("ann");
});

describe("time", () => {
  test("without activity the session ends at the idle deadline", async () => {
    const { call, runtime, browser } = make(nodeCrypto);
    await call("/login");
    runtime.clock.advance(30 * MINUTE_MS - 1);
    const Cookie = browser.jar.header(new URL(SHOP));
    expect(Cookie).toBeDefined();
    expect((await call("/who", "GET")).json).toMatchObject({ user: "ann" });
    runtime.clock.advance(30 * MINUTE_MS);
    expect((await call("/who", "GET")).json).toMatchObject({ user: null });
  });

  test("activity moves the idle deadline by a new cookie, at most once in the touch window", async () => {
    const { call, runtime } = make(nodeCrypto);
    await call("/login");
    runtime.clock.advance(MINUTE_MS / 2);
    expect((await call("/who", "GET")).cookies).toEqual([]);
    runtime.clock.advance(MINUTE_MS);
    expect((await call("/who", "GET")).cookies).toHaveLength(1);
    expect((await call("/who", "GET")).cookies).toEqual([]);
  });

  test("whatever happens, the session ends at its absolute end, and its cookie with it", {
    tags: ["asvs-7.3.2"],
  }, async () => {
    const { call, runtime, browser } = make(nodeCrypto);
    await call("/login?persistent");
    const endsAtMs = runtime.clock.now() + 12 * 60 * MINUTE_MS;
    for (let i = 0; i < 35; i++) {
      runtime.clock.advance(20 * MINUTE_MS);
      expect((await call("/visit")).json).toMatchObject({ user: "ann" });
      expect(browser.jar.cookies[0]?.expiresAtMs ?? 0).toBeLessThanOrEqual(endsAtMs);
    }
    runtime.clock.advance(20 * MINUTE_MS);
    expect((await call("/who", "GET")).json).toMatchObject({ user: null });
  });

  test("a copied cookie does not outlive its deadlines either", { tags: ["asvs-7.3.1"] }, async () => {
    const { sessions, runtime } = make(nodeCrypto);
    runtime.clock.setWall(golden.atMs + 30 * MINUTE_MS);
    expect((await load(sessions, golden.value)).isNew).toBe(true);
  });
});

test("logout clears the cookie and unbinds the client", { tags: ["asvs-7.4.4"] }, async () => {
  const { call, browser, handler } = make(nodeCrypto);
  await call("/login");
  const Cookie = browser.jar.header(new URL(SHOP)) ?? "";
  const response = await handler(new Request(`${SHOP}/logout`, { method: "POST", headers: { Cookie } }));
  expect(response.headers.get("Sojourn-Affinity")).toBe("end");
  expect(response.headers.getSetCookie()).toEqual([expect.stringMatching(/^__Host-session=; Max-Age=0;/)]);
});

test("the balancer's route tag is kept when the cookie is replaced", async () => {
  const { sessions, runtime } = make(nodeCrypto);
  runtime.clock.setWall(golden.atMs);
  const session = await load(sessions, `${golden.value}.shop-1`);
  session.increment("visits");
  const { setCookies } = await sessions.commit(session);
  expect(setCookies[0]).toMatch(/^__Host-session=[\w-]+\.shop-1; /);
});

test("data beyond the limit is an error that names size and limit, and the old cookies stay", async () => {
  const { call, browser, sessions } = make(nodeCrypto);
  await call("/note?size=5000");
  const before = browser.jar.header(new URL(SHOP));
  expect(browser.jar.cookies.map((cookie) => cookie.name)).toEqual(["__Host-session", "__Host-session.1"]);
  const refused = await call("/note?size=6000");
  expect([refused.status, refused.json, refused.cookies]).toEqual([500, { error: "COOKIE_TOO_LARGE" }, []]);
  expect(browser.jar.header(new URL(SHOP))).toBe(before);

  const session = await sessions.load(new Request(SHOP));
  session.set("note", "x".repeat(6_000));
  const failing = async () => sessions.commit(session);
  await expect(failing()).rejects.toMatchObject({ code: "COOKIE_TOO_LARGE", params: { max: 7_168 } });
});

test("maxBytes moves the limit", async () => {
  const build = (maxBytes: number) =>
    createSessions<Data>({ carrier: sealedCookie({ revocation: "none", maxBytes }), keys: golden.key, env: {} });
  const cookies = async (maxBytes: number, size: number) => {
    const sessions = build(maxBytes);
    const session = await sessions.load(new Request(SHOP));
    session.set("note", "x".repeat(size));
    return (await sessions.commit(session)).setCookies.length;
  };
  expect([await cookies(512, 100), await cookies(16_384, 12_000)]).toEqual([1, 5]);
  await expect(cookies(512, 400)).rejects.toMatchObject({ code: "COOKIE_TOO_LARGE", params: { max: 512 } });
  for (const bad of [511, 16_385, 1_000.5, "8000", Number.NaN])
    expect(() => build(bad as number)).toThrow(/OPTIONS_INVALID: sealedCookie.maxBytes is out of range/);
});

describe("several cookies", () => {
  test("shrink and go as the data does", async () => {
    const { call, browser } = make(nodeCrypto);
    const names = () => browser.jar.cookies.map((cookie) => cookie.name);
    await call("/note?size=5000");
    expect(names()).toEqual(["__Host-session", "__Host-session.1"]);
    expect((await call("/visit")).json).toMatchObject({ visits: 1 });
    await call("/note?size=10");
    expect(names()).toEqual(["__Host-session"]);
    await call("/note?size=5000");
    await call("/logout");
    expect(names()).toEqual([]);
  });

  test("of two responses in any interleaving one is read, or none, and never a half of each", async () => {
    const carrier = sealedCookie({ revocation: "none", maxBytes: 16_384 });
    const sessions = createSessions<Data>({ carrier, keys: golden.key, env: {} });
    const url = new URL(SHOP);
    const answer = async (Cookie: string, note: string) => {
      const session = await loadWith(sessions, Cookie);
      session.set("note", note);
      return (await sessions.commit(session)).setCookies;
    };
    const read = { a: 0, b: 0, none: 0 };
    const sizes = [10, 5_000, 8_000];
    for (const [z, a, b] of sizes.flatMap((x) => sizes.flatMap((y) => sizes.map((w) => [x, y, w] as const)))) {
      const notes = ["z".repeat(z), "a".repeat(a), "b".repeat(b)] as const;
      const first = await answer("", notes[0]);
      const Cookie = first.map((line) => line.split("; ")[0]).join("; ");
      for (const lines of interleavings(await answer(Cookie, notes[1]), await answer(Cookie, notes[2]))) {
        const jar = createCookieJar();
        for (const line of first) jar.receive(line, url);
        let session = await loadWith(sessions, Cookie);
        for (const line of lines) {
          jar.receive(line, url);
          // A request may leave between any two of them.
          session = await loadWith(sessions, jar.header(url) ?? "");
          expect([undefined, ...notes]).toContain(session.get("note"));
        }
        const note = session.get("note");
        expect([undefined, notes[1], notes[2]]).toContain(note);
        expect(session.isNew).toBe(note === undefined);
        read[note === undefined ? "none" : note.startsWith("a") ? "a" : "b"]++;
      }
    }
    expect([read.a, read.b, read.none].every((count) => count > 10)).toBe(true);
  });

  test("parts that are swapped, doubled or from another session are no session", async () => {
    const { sessions } = make(nodeCrypto, golden.key);
    const answer = async (letter: string) => {
      const session = await loadWith(sessions, "");
      session.set("note", letter.repeat(5_000));
      return (await sessions.commit(session)).setCookies.map((line) => line.split("; ")[0] ?? "");
    };
    const [[head = "", tail = ""], [, foreign = ""]] = [await answer("a"), await answer("b")];
    const value = (pair: string) => pair.slice(pair.indexOf("=") + 1);
    expect((await loadWith(sessions, `${head}; ${tail}`)).isNew).toBe(false);
    for (const second of [foreign, `__Host-session.1=${value(head)}`, `__Host-session.1=${value(tail)}A`, `x${tail}`])
      expect((await loadWith(sessions, `${head}; ${second}`)).isNew).toBe(true);
    expect((await loadWith(sessions, `__Host-session=2~${value(tail)}; __Host-session.1=${value(head)}`)).isNew).toBe(
      true,
    );
  });
});

describe("what it cannot do", () => {
  test.each([undefined, "store", "epoch", true, null])("revocation %j is UNSUPPORTED at construction", (revocation) => {
    expect(() => sealedCookie({ revocation } as never)).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });
  test("no options at all is UNSUPPORTED too", () => {
    expect(() => (sealedCookie as () => unknown)()).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
  });
  test("a store beside it, or a limit, is refused at construction", () => {
    const runtime = createRuntime();
    const carrier = sealedCookie({ revocation: "none" });
    const build = (extra: object) => () =>
      createSessions({ carrier, keys: golden.key, runtime, env: {}, ...extra } as never);
    expect(build({ limit: { sessions: 1 } })).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    expect(build({ store: { traits: { name: "x", shared: true } } })).toThrow();
  });
  test.each([
    ["list", (s: Sessions<Data>) => s.list("ann")],
    ["revokeUser", (s: Sessions<Data>) => s.revokeUser("ann")],
    ["revokeAll", (s: Sessions<Data>) => s.revokeAll()],
    ["end", (s: Sessions<Data>) => s.end(golden.id)],
    ["endOthers", async (s: Sessions<Data>) => s.endOthers(await s.load(new Request(SHOP)))],
  ] as const)("%s raises UNSUPPORTED", async (_name, ask) => {
    await expect(ask(make(nodeCrypto).sessions)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
