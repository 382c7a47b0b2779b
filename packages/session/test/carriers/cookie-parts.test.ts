import {
  cookieValues,
  createCookieWriter,
  MAX_COOKIE_AGE_SECONDS,
  MAX_COOKIE_BYTES,
  withRouteTag,
} from "@sojourn/core";
import { createCookieJar } from "@sojourn/session/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createCookieParts } from "../../src/carriers/cookie-parts.ts";

const MAX = 16_384;
const SHOP = new URL("https://shop.test/");
const host = createCookieWriter("__Host-session");
const parts = createCookieParts(host, MAX);
const text = (length: number, letter = "v") => letter.repeat(length);
const longTag = text(64, "t");

const label = fc.stringMatching(/^[a-z]{1,40}$/);
const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => [...labels, "test"].join("."));
const path = fc.stringMatching(/^[a-z/]{0,400}$/).map((rest) => `/${rest}`);
const name = fc.stringMatching(/^[\w-]{1,600}$/);
const anyCookie = fc.oneof(
  fc.constant({ writer: host, url: SHOP }),
  fc.tuple(name, domain, path).map(([called, d, p]) => ({
    writer: createCookieWriter(called, { domain: d, path: p }),
    url: new URL(`https://www.${d}${p}`),
  })),
);
const tag = fc.option(fc.stringMatching(/^[\w-]{1,64}$/), { nil: undefined });
const age = fc.option(fc.nat(MAX_COOKIE_AGE_SECONDS), { nil: undefined });

test("whatever fits the limit comes back whole, and each cookie is one that any browser keeps", () => {
  const seen = { one: 0, several: 0, refused: 0 };
  const length = fc.oneof(fc.nat(MAX + 100), fc.integer({ min: 3_500, max: 4_100 }));
  fc.assert(
    fc.property(anyCookie, length, tag, age, ({ writer, url }, size, routeTag, maxAge) => {
      const jar = createCookieJar();
      // No two parts are alike, so that none can stand for another.
      const value = Array.from({ length: Math.ceil(size / 4) }, (_, i) => i.toString(36).padStart(4, "0"))
        .join("")
        .slice(0, size);
      const any = createCookieParts(writer, MAX);
      let lines: readonly string[];
      try {
        lines = any.write(value, routeTag, maxAge ?? undefined, undefined);
      } catch (error) {
        expect(error).toMatchObject({ code: "COOKIE_TOO_LARGE", params: { name: writer.name, max: MAX } });
        expect((error as { params: { bytes: number } }).params.bytes).toBeGreaterThan(MAX);
        seen.refused++;
        return;
      }
      for (const line of lines) {
        expect(Buffer.byteLength(line)).toBeLessThanOrEqual(MAX_COOKIE_BYTES);
        expect(jar.receive(line, url)).toBe(maxAge !== 0);
      }
      if (maxAge === 0) return;
      const header = jar.header(url);
      expect(header?.length).toBeLessThanOrEqual(MAX);
      expect(any.read(header)).toEqual({ token: value, tag: routeTag });
      // The balancer's word may come later, and the first cookie has room for it.
      const [first = ""] = cookieValues(header, writer.name);
      expect(jar.receive(`${writer.set(withRouteTag(first, longTag))}`, url)).toBe(true);
      expect(any.read(jar.header(url))).toEqual({ token: value, tag: longTag });
      seen[lines.length === 1 ? "one" : "several"]++;
    }),
    { numRuns: 300 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

test("what fits one cookie is written as it is", () => {
  expect(parts.write("abc", undefined, undefined, undefined)).toEqual([host.set("abc")]);
  expect(parts.write("abc", "shop-1", 60, undefined)).toEqual([host.set("abc.shop-1", 60)]);
});

test("the first of several says how many there are; all have the attributes that their prefix asks for", () => {
  const lines = parts.write(text(9_000), "shop-1", undefined, undefined);
  expect(lines.map((line) => line.replace(/v+/, "v"))).toEqual([
    "__Host-session=3~v.shop-1; Path=/; Secure; HttpOnly; SameSite=Lax",
    "__Host-session.1=v; Path=/; Secure; HttpOnly; SameSite=Lax",
    "__Host-session.2=v; Path=/; Secure; HttpOnly; SameSite=Lax",
  ]);
});

test("parts that are no longer filled are removed, others are left alone", () => {
  const jar = createCookieJar();
  const write = (length: number) => {
    const lines = parts.write(text(length), undefined, undefined, jar.header(SHOP));
    for (const line of lines) jar.receive(line, SHOP);
    return jar.cookies.map((cookie) => cookie.name);
  };
  jar.receive("__Host-session.x=mine; Path=/; Secure", SHOP);
  jar.receive("__Host-sessions.1=mine; Path=/; Secure", SHOP);
  const others = ["__Host-session.x", "__Host-sessions.1"];
  const session = ["__Host-session", "__Host-session.1", "__Host-session.2", "__Host-session.3"];
  expect(write(15_000)).toEqual([...others, ...session]);
  expect(write(5_000)).toEqual([...others, ...session.slice(0, 2)]);
  expect(write(15_000)).toEqual([...others, ...session]);
  expect(write(100)).toEqual([...others, "__Host-session"]);
  write(15_000);
  for (const line of parts.clear(jar.header(SHOP))) jar.receive(line, SHOP);
  expect(jar.cookies.map((cookie) => cookie.name)).toEqual(others);
});

describe("what is not there", () => {
  const value = "abcdefgh".repeat(1_500);
  const jar = createCookieJar();
  for (const line of parts.write(value, undefined, undefined, undefined)) jar.receive(line, SHOP);
  const pairs = (jar.header(SHOP) ?? "").split("; ");

  test.each(pairs.map((pair) => [pair.slice(0, 18).replace(/[=~].*/, "")]))("without %s nothing is read", (missing) => {
    const rest = pairs.filter((pair) => !pair.startsWith(`${missing}=`));
    expect(rest).toHaveLength(pairs.length - 1);
    expect(parts.read(rest.join("; "))).toBeUndefined();
  });
  test("the order of the header does not matter, the numbers do", () => {
    expect(parts.read([...pairs].reverse().join("; "))?.token).toBe(value);
  });
  test.each(["1~abc", "0~abc", "21~abc", "02~abc", "-2~abc", "999999999~abc", "~", "2~", "2", "2~a~b"])(
    "a first part %s reads nothing of the others",
    (head) => {
      const read = parts.read(`__Host-session=${head}`);
      expect(read === undefined || read.token === head).toBe(true);
    },
  );
  test.each([[0], [1]])("part %i larger than any browser keeps", (at) => {
    const grown = pairs.map((pair, i) => (i === at ? pair + text(4_096) : pair));
    expect(parts.read(grown.join("; "))).toBeUndefined();
  });
});

test("a name, Path and Domain that leave too little room are refused at construction", () => {
  const long = createCookieWriter(text(2_400), { path: `/${text(900)}` });
  expect(() => createCookieParts(long, MAX)).toThrow(/OPTIONS_INVALID: cookie has a name, Path and Domain that leave/);
});
