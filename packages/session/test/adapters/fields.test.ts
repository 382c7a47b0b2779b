import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addFields, guardCaching, mergeFields, NO_FIELDS, varyBy } from "../../src/adapters/fields.ts";

describe("guardCaching", () => {
  test.each([
    [undefined, "no-store"],
    ["", "no-store"],
    ["no-store", "no-store"],
    ["private", "private"],
    ["Private, max-age=60", "Private, max-age=60"],
    ["max-age=60, no-store", "max-age=60, no-store"],
    ["no-cache", "private, no-cache"],
    ["public", "private"],
    ["PUBLIC, max-age=60, S-MaxAge=600", "private, max-age=60"],
    ["max-age=60", "private, max-age=60"],
    ['private="x", max-age=60', "private, max-age=60"],
    ['no-cache="a, b", max-age=0', 'private, no-cache="a, b", max-age=0'],
    ['public, no-cache="a, private, b"', 'private, no-cache="a, private, b"'],
    ['private="a, b", max-age=60', "private, max-age=60"],
    ['no-cache="a\\", no-store, b", public', 'private, no-cache="a\\", no-store, b"'],
    [",, public ,immutable,", "private, immutable"],
    ["public, private", "public, private"],
  ])("%j becomes %j", (given, guarded) => {
    expect(guardCaching(given)).toBe(guarded);
  });
  test("no directives in any order leave a response to shared caches", () => {
    const directive = fc.constantFrom(
      "public",
      "max-age=1",
      "s-maxage=9",
      "no-cache",
      "private",
      "no-store",
      "immutable",
    );
    fc.assert(
      fc.property(fc.array(directive), (directives) => {
        const names = guardCaching(directives.join(","))
          .split(",")
          .map((name) => name.trim());
        expect(names.includes("private") || names.includes("no-store")).toBe(true);
        if (!directives.includes("no-store") && !directives.includes("private")) expect(names).not.toContain("public");
      }),
    );
  });
});

test("caches that have a header of their own are told as well (RFC 9213)", () => {
  const headers = new Headers({ "CDN-Cache-Control": "max-age=60", "Surrogate-Control": "max-age=60", Age: "1" });
  const lines = {
    get: (name: string) => headers.get(name) ?? undefined,
    set: (name: string, value: string) => headers.set(name, value),
    append: (name: string, value: string) => headers.append(name, value),
  };
  const read = { setCookies: [], varyCookie: true, affinityEnd: false, noStore: false };
  addFields(read, "x", lines);
  expect(headers.get("CDN-Cache-Control")).toBe("max-age=60");
  addFields({ ...read, setCookies: ["a=1"] }, "x", lines);
  expect(Object.fromEntries(headers)).toEqual({
    age: "1",
    "cache-control": "no-store",
    "cdn-cache-control": "no-store",
    "surrogate-control": "no-store",
    "set-cookie": "a=1",
    vary: "Cookie",
  });
});

test.each([
  [undefined, "Cookie"],
  ["", "Cookie"],
  ["Accept", "Accept, Cookie"],
  ["accept, COOKIE", "accept, COOKIE"],
  ["*", "*"],
  ["X-Cookie", "X-Cookie, Cookie"],
])("Vary %j becomes %j", (given, vary) => {
  expect(varyBy("Cookie", given)).toBe(vary);
});

test("merging keeps the later of two cookies last and repeats none", () => {
  const fields = (...setCookies: string[]) => ({ ...NO_FIELDS, setCookies });
  expect(mergeFields(fields("a=1", "b=1"), fields("a=1")).setCookies).toEqual(["b=1", "a=1"]);
  expect(mergeFields(fields("a=1"), { ...fields("a=2"), varyCookie: true, affinityEnd: true })).toEqual({
    setCookies: ["a=1", "a=2"],
    varyCookie: true,
    affinityEnd: true,
    noStore: false,
  });
  // What began after a logout stays at its server.
  expect(mergeFields({ ...NO_FIELDS, affinityEnd: true }, fields("a=2")).affinityEnd).toBe(false);
  const degraded = { ...NO_FIELDS, noStore: true };
  expect([mergeFields(degraded, fields()).noStore, mergeFields(fields(), degraded).noStore]).toEqual([true, true]);
});

describe("mergeFields", () => {
  test("keeps the headers of both, the later of one name, and what both vary by", () => {
    const first = {
      ...NO_FIELDS,
      varyCookie: true,
      vary: "Authorization",
      headers: [["A", "1"] as const, ["B", "1"] as const],
    };
    const second = { ...NO_FIELDS, varyCookie: true, headers: [["B", "2"] as const] };
    expect(mergeFields(first, second)).toMatchObject({
      headers: [
        ["A", "1"],
        ["B", "2"],
      ],
      vary: "Authorization, Cookie",
    });
    const kept = new Map<string, string>([["vary", "Origin, cookie"]]);
    addFields(mergeFields(first, second), "Affinity", {
      get: (name) => kept.get(name.toLowerCase()),
      set: (name, value) => void kept.set(name.toLowerCase(), value),
      append: () => {},
    });
    expect(kept.get("vary")).toBe("Origin, cookie, Authorization");
    expect(mergeFields(first, NO_FIELDS)).toMatchObject({ vary: "Authorization", headers: first.headers });
    expect(mergeFields(NO_FIELDS, second).vary).toBeUndefined();
  });

  test.each(["Cloudflare-CDN-Cache-Control", "Vercel-CDN-Cache-Control", "Netlify-CDN-Cache-Control"])(
    "a cookie leaves with %s: no-store where that was given",
    (name) => {
      const kept = new Map<string, string>([[name.toLowerCase(), "max-age=60"]]);
      addFields({ ...NO_FIELDS, setCookies: ["s=1"] }, "Affinity", {
        get: (one) => kept.get(one.toLowerCase()),
        set: (one, value) => void kept.set(one.toLowerCase(), value),
        append: () => {},
      });
      expect(kept.get(name.toLowerCase())).toBe("no-store");
    },
  );
});
