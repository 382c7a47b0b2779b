import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type CookieAttributes,
  cookieValues,
  createCookieWriter,
  MAX_COOKIE_AGE_SECONDS,
  MAX_COOKIE_BYTES,
} from "../src/cookie.ts";
import { isSojournError } from "../src/errors/sojourn-error.ts";

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCXYZabcxyz";
const token = fc.string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 20 });
const octet = fc
  .integer({ min: 0x21, max: 0x7e })
  .map(String.fromCharCode)
  .filter((c) => !'",;\\'.includes(c));
const octets = fc.string({ unit: octet, maxLength: 40 });

describe("createCookieWriter", () => {
  it("defaults to the safe side", () => {
    const writer = createCookieWriter("__Host-session");
    expect(writer.set("abc")).toBe("__Host-session=abc; Path=/; Secure; HttpOnly; SameSite=Lax");
    expect(writer.attributes).toEqual({
      domain: undefined,
      path: "/",
      secure: true,
      httpOnly: true,
      sameSite: "lax",
      partitioned: false,
    });
  });

  it("writes every attribute", () => {
    const writer = createCookieWriter("id", {
      domain: "shop.example.com",
      path: "/cart",
      secure: true,
      httpOnly: false,
      sameSite: "none",
      partitioned: true,
    });
    expect(writer.set("v", 60)).toBe(
      "id=v; Max-Age=60; Path=/cart; Domain=shop.example.com; Secure; SameSite=None; Partitioned",
    );
  });

  it("removes the cookie with the same name, Domain and Path, or browsers keep it", () => {
    const writer = createCookieWriter("id", { domain: "example.com", path: "/a", sameSite: "strict" });
    expect(writer.clear()).toBe(
      "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/a; Domain=example.com; Secure; HttpOnly; SameSite=Strict",
    );
  });

  it("keeps Max-Age to whole seconds between 0 and 400 days", () => {
    const writer = createCookieWriter("id");
    const ageOf = (seconds: number) => /Max-Age=(\d+)/.exec(writer.set("v", seconds))?.[1];
    expect([0, 1.9, -5, 1e12].map(ageOf)).toEqual(["0", "1", "0", String(MAX_COOKIE_AGE_SECONDS)]);
    expect(MAX_COOKIE_AGE_SECONDS).toBe(34_560_000);
    for (const seconds of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => writer.set("v", seconds)).toThrow("COOKIE_ATTRIBUTE_INVALID: cookie id: Max-Age cannot be");
    }
  });

  it.each(["", " id", "id ", "a=b", "a;b", "a,b", 'a"b', "a\r\nb", "a\0", "naïve", "a/b", "a(b)", "a@b"])(
    "refuses the name %j",
    (name) => {
      expect(() => createCookieWriter(name)).toThrow(expect.objectContaining({ code: "COOKIE_NAME_INVALID" }));
    },
  );

  it.each([undefined, null, 7, {}])("refuses %o as a name, which JavaScript may hand in", (name) => {
    expect(() => createCookieWriter(name as string)).toThrow(expect.objectContaining({ code: "COOKIE_NAME_INVALID" }));
  });

  it.each(["a b", "a;b", "a,b", 'a"b', "a\\b", "a\r\nSet-Cookie: x=y", "a\0", "\u007f", "é", "🛒"])(
    "refuses the value %j and does not quote it",
    (value) => {
      const write = () => createCookieWriter("id").set(value);
      expect(write).toThrow(expect.objectContaining({ code: "COOKIE_VALUE_INVALID" }));
      expect(write).toThrow(expect.not.objectContaining({ message: expect.stringContaining(value) }));
    },
  );

  it("counts name and value together against what browsers keep", { tags: ["asvs-3.3.5"] }, () => {
    const writer = createCookieWriter("id");
    expect(writer.set("v".repeat(MAX_COOKIE_BYTES - 2))).toContain("id=v");
    expect(() => writer.set("v".repeat(MAX_COOKIE_BYTES - 1))).toThrow(
      "COOKIE_TOO_LARGE: cookie id would take 4097 bytes, and at most 4096 are kept",
    );
  });

  const unfit: [CookieAttributes, string][] = [
    [{ path: "" }, "Path"],
    [{ path: "cart" }, "Path"],
    [{ path: "/a;Domain=evil.example" }, "Path"],
    [{ path: "/a\r\nX: y" }, "Path"],
    [{ path: "/ü" }, "Path"],
    [{ path: `/${"a".repeat(1024)}` }, "Path"],
    [{ domain: "" }, "Domain"],
    [{ domain: "a b" }, "Domain"],
    [{ domain: "example.com;x" }, "Domain"],
    [{ domain: "example.com\n" }, "Domain"],
    [{ domain: "-a.example" }, "Domain"],
    [{ domain: "a..example" }, "Domain"],
    [{ domain: `${"a".repeat(64)}.example` }, "Domain"],
    [{ domain: "https://example.com" }, "Domain"],
    [{ sameSite: "Lax" as "lax" }, "SameSite"],
    [{ sameSite: "toString" as "lax" }, "SameSite"],
    [{ sameSite: "none", secure: false }, "SameSite"],
    [{ partitioned: true, secure: false }, "Partitioned"],
    [{ secure: "yes" as unknown as boolean }, "secure"],
    [{ httpOnly: 1 as unknown as boolean }, "httpOnly"],
    [{ path: 1 as unknown as string }, "Path"],
    [{ domain: null as unknown as string }, "Domain"],
  ];
  it.each(unfit)("refuses the attributes %j", (attributes, attribute) => {
    expect(() => createCookieWriter("id", attributes)).toThrow(
      expect.objectContaining({ code: "COOKIE_ATTRIBUTE_INVALID", params: expect.objectContaining({ attribute }) }),
    );
  });

  const prefixed: [name: string, attributes: CookieAttributes, rule: string][] = [
    ["__Secure-id", { secure: false }, "__Secure- asks for Secure"],
    ["__secure-id", { secure: false }, "__Secure- asks for Secure"],
    ["__Host-id", { secure: false }, "__Host- asks for Secure"],
    ["__Host-id", { domain: "example.com" }, "__Host- forbids Domain"],
    ["__Host-id", { path: "/a" }, "__Host- asks for Path=/"],
    ["__HOST-id", { path: "/a" }, "__Host- asks for Path=/"],
    ["__Http-id", { secure: false }, "__Http- asks for Secure"],
    ["__Http-id", { httpOnly: false }, "__Http- and __Host-Http- ask for HttpOnly"],
    ["__Host-Http-id", { httpOnly: false }, "__Http- and __Host-Http- ask for HttpOnly"],
    ["__Host-Http-id", { path: "/a" }, "__Host- asks for Path=/"],
  ];
  it.each(prefixed)("refuses %s with %j", { tags: ["asvs-3.3.1", "asvs-3.3.3"] }, (name, attributes, rule) => {
    expect(() => createCookieWriter(name, attributes)).toThrow(
      `COOKIE_PREFIX_VIOLATED: cookie ${name} breaks its prefix: ${rule};`,
    );
  });

  it.each(["__Secure-id", "__Host-id", "__Http-id", "__Host-Http-id"])(
    "accepts %s with the default attributes",
    (name) => {
      expect(createCookieWriter(name).name).toBe(name);
    },
  );

  it("cannot be made to inject a header or an attribute, whatever it is given", () => {
    const anyAttributes = fc.record(
      {
        domain: fc.oneof(fc.string({ unit: "binary" }), fc.domain()),
        path: fc.oneof(fc.string({ unit: "binary" }), fc.webPath()),
        secure: fc.boolean(),
        httpOnly: fc.boolean(),
        sameSite: fc.constantFrom("strict" as const, "lax" as const, "none" as const),
        partitioned: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    const anyName = fc.oneof(fc.string({ unit: "binary" }), token);
    const anyValue = fc.oneof(fc.string({ unit: "binary" }), octets);
    const age = fc.option(fc.double(), { nil: undefined });
    fc.assert(
      fc.property(anyName, anyValue, anyAttributes, age, (name, value, attributes, maxAge) => {
        let line: string;
        try {
          line = createCookieWriter(name, attributes).set(value, maxAge);
        } catch (error) {
          expect(isSojournError(error)).toBe(true);
          return;
        }
        expect(line).toMatch(/^[\x20-\x7e]*$/);
        const [pair, ...rest] = line.split("; ");
        expect(pair).toBe(`${name}=${value}`);
        const allowed =
          /^(?:Max-Age=\d+|Path=\/[^;]*|Domain=[^;]+|Secure|HttpOnly|SameSite=(?:Strict|Lax|None)|Partitioned)$/;
        // A path may hold "; " no more than any other semicolon, so the split cannot have cut one.
        for (const attribute of rest) expect(attribute).toMatch(allowed);
        expect(line.split(";").length - 1).toBe(rest.length);
      }),
      { numRuns: 500 },
    );
  });
});

describe("cookieValues", () => {
  it("finds the cookie among others", () => {
    expect(cookieValues("a=1; id=abc; b=2", "id")).toEqual(["abc"]);
    expect(cookieValues("id=abc", "id")).toEqual(["abc"]);
    expect(cookieValues("a=1;id=abc;b=2", "id")).toEqual(["abc"]);
  });

  it("knows absent from empty", () => {
    expect(cookieValues(undefined, "id")).toEqual([]);
    expect(cookieValues("", "id")).toEqual([]);
    expect(cookieValues("a=1", "id")).toEqual([]);
    expect(cookieValues("id=; a=1", "id")).toEqual([""]);
  });

  it.each(["xid=1", "id2=1", "i=1", "ID=1", "id", "id; x=1", "=id", "=id=1", "x=id=1", "id\u00a0=1", "\u00a0id=1"])(
    "does not take %j for id",
    (header) => {
      expect(cookieValues(header, "id")).toEqual([]);
    },
  );

  it("matches __Host- names exactly, so that no near spelling stands in for one", () => {
    for (const spelled of [
      "__host-session",
      "__Host-Session",
      "__Host-session2",
      "\u0085__Host-session",
      "$__Host-session",
    ]) {
      expect(cookieValues(`${spelled}=evil`, "__Host-session")).toEqual([]);
    }
  });

  it("drops spaces and tabs around name and value, and nothing else", () => {
    expect(cookieValues(" \t id \t = \t a b \t ; x=1", "id")).toEqual(["a b"]);
    expect(cookieValues('id="a=b"', "id")).toEqual(['"a=b"']);
    expect(cookieValues("id=a=b==", "id")).toEqual(["a=b=="]);
    expect(cookieValues("id=\u00a0a", "id")).toEqual(["\u00a0a"]);
  });

  it("gives several in the order sent, at most as many as asked for", () => {
    const header = "id=1; id=2; x=9; id=3; id=4; id=5";
    expect(cookieValues(header, "id")).toEqual(["1"]);
    expect(cookieValues(header, "id", 4)).toEqual(["1", "2", "3", "4"]);
    expect(cookieValues(header, "id", 10)).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("bears 500 cookies and 64 KB", () => {
    const many = Array.from({ length: 500 }, (_, i) => `c${i}=${i}`).join("; ");
    expect(cookieValues(`${many}; id=last`, "id", 4)).toEqual(["last"]);
    expect(cookieValues(";".repeat(65_536), "id", 4)).toEqual([]);
    expect(cookieValues(`id=${"x".repeat(65_536)}`, "id")[0]).toHaveLength(65_536);
  });

  it("reads back what a writer wrote, among any other cookies", () => {
    const others = fc.array(fc.tuple(token, octets), { maxLength: 6 });
    fc.assert(
      fc.property(token, octets, others, others, (name, value, before, after) => {
        fc.pre(!/^__(?:secure|host|http)-/i.test(name));
        const pair = createCookieWriter(name).set(value).split(";", 1)[0] ?? "";
        const written = (list: [string, string][]) => list.filter(([n]) => n !== name).map(([n, v]) => `${n}=${v}`);
        const header = [...written(before), pair, ...written(after)].join("; ");
        expect(cookieValues(header, name, 9)).toEqual([value]);
      }),
    );
  });

  it("throws for nothing, and agrees with splitting at every semicolon", () => {
    const soup = fc.string({
      unit: fc.constantFrom("i", "d", "=", ";", " ", "\t", "x", '"', ",", "é", "\n"),
      maxLength: 40,
    });
    fc.assert(
      fc.property(soup, (header) => {
        const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, "");
        const expected = header
          .split(";")
          .map((part) => [part.slice(0, Math.max(0, part.indexOf("="))), part.slice(part.indexOf("=") + 1)])
          .filter(([name = ""]) => trim(name) === "id")
          .map(([, value = ""]) => trim(value));
        expect(cookieValues(header, "id", 99)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });
});
