import { createCookieJar, createFakeClock, parseCookieDate } from "@sojourn/session/testing";
import { describe, expect, test } from "vitest";

const at = (url: string) => new URL(url);
const HTTPS = at("https://shop.example.com/account/cart");
const HTTP = at("http://shop.example.com/account/cart");

function jarWith(...lines: readonly [string, URL][]) {
  const clock = createFakeClock();
  const jar = createCookieJar({ clock });
  const kept = lines.map(([line, url]) => jar.receive(line, url));
  return { clock, jar, kept };
}

describe("what is sent back", () => {
  test("a host-only cookie goes to its host, a Domain cookie to hosts below as well", () => {
    const { jar } = jarWith(["a=1; Path=/", HTTPS], ["b=2; Path=/; Domain=.example.com", HTTPS]);
    expect(jar.header(at("https://shop.example.com/"))).toBe("a=1; b=2");
    expect(jar.header(at("https://example.com/"))).toBe("b=2");
    expect(jar.header(at("https://evil-example.com/"))).toBeUndefined();
    expect(jar.header(at("https://a.shop.example.com/"))).toBe("b=2");
  });
  test("the path decides, by whole segments, and the longest goes first", () => {
    const { jar } = jarWith(["a=1; Path=/", HTTPS], ["a=2; Path=/account", HTTPS], ["c=3", HTTPS]);
    expect(jar.header(at("https://shop.example.com/account"))).toBe("a=2; c=3; a=1");
    expect(jar.header(at("https://shop.example.com/accounts"))).toBe("a=1");
  });
  test("Secure cookies go over TLS and to this machine only", () => {
    const { jar } = jarWith(["a=1; Path=/; Secure", HTTPS], ["b=2; Path=/; Secure", at("http://127.0.0.1:80/")]);
    expect(jar.header(HTTP)).toBeUndefined();
    expect(jar.header(HTTPS)).toBe("a=1");
    expect(jar.header(at("http://127.0.0.1:99/"))).toBe("b=2");
  });
  test("scripts do not see HttpOnly cookies", () => {
    const { jar } = jarWith(["a=1; Path=/; HttpOnly", HTTPS], ["b=2; Path=/", HTTPS]);
    expect(jar.scriptView(HTTPS)).toBe("b=2");
  });
  test("SameSite decides for requests that another site causes; none given is Lax", () => {
    const { jar } = jarWith(
      ["strict=1; Path=/; SameSite=Strict", HTTPS],
      ["lax=1; Path=/; SameSite=Lax", HTTPS],
      ["unsaid=1; Path=/", HTTPS],
      ["none=1; Path=/; SameSite=None; Secure", HTTPS],
    );
    expect(jar.header(HTTPS, { crossSite: true })).toBe("none=1");
    expect(jar.header(HTTPS, { crossSite: true, topLevel: true })).toBe("lax=1; unsaid=1; none=1");
    expect(jar.header(HTTPS)).toBe("strict=1; lax=1; unsaid=1; none=1");
  });
});

describe("what is kept", () => {
  test.each([
    ["a=1; Secure", HTTP],
    ["a=1; SameSite=None", HTTPS],
    ["a=1; Domain=example.org", HTTPS],
    ["a=1; Domain=com", HTTPS],
    ["__Secure-a=1", HTTPS],
    ["__Host-a=1; Path=/", HTTPS],
    ["__Host-a=1; Secure; Path=/account", HTTPS],
    ["__Host-a=1; Secure; Path=/; Domain=shop.example.com", HTTPS],
    ["__HOST-a=1; Path=/", HTTPS],
    ["=__Host-a=1", HTTPS],
    ["a=\u0001", HTTPS],
    [";", HTTPS],
    [`a=${"x".repeat(4096)}`, HTTPS],
  ])("not %j", (line, url) => {
    expect(jarWith([line, url]).kept).toEqual([false]);
  });
  test.each([
    ["__Host-a=1; Secure; Path=/", HTTPS],
    ["__Secure-a=1; Secure; Domain=example.com", HTTPS],
    ["a=1; Unknown=x; Max-Age=abc", HTTP],
    ["lonely", HTTP],
    [`a=${"x".repeat(4095)}`, HTTPS],
  ])("%j", (line, url) => {
    expect(jarWith([line, url]).kept).toEqual([true]);
  });
  test("a page without TLS does not lay a cookie over a Secure one", () => {
    const { jar, kept } = jarWith(["a=1; Path=/; Secure", HTTPS], ["a=2; Path=/account", HTTP], ["b=2", HTTP]);
    expect(kept).toEqual([true, false, true]);
    expect(jar.header(HTTPS)).toBe("b=2; a=1");
  });
  test.each([
    ["a=1; Path=/account; Path=/; Path=no", { path: "/account" }],
    ["a=1; Domain=example.com; Domain=", { domain: "shop.example.com", hostOnly: true }],
    ["a=1; SameSite=Strict; SameSite=Nonsense", { sameSite: undefined }],
    ["a=1; Max-Age=60; Max-Age=x", { expiresAtMs: 60_000 }],
    [`a=1; Max-Age=60; Max-Age=${"0".repeat(1_025)}`, { expiresAtMs: 60_000 }],
    ["a=1; Expires=nonsense", { expiresAtMs: undefined }],
    ["a=1=2", { name: "a", value: "1=2" }],
    [" a \t=\t 1 ; secure ", { name: "a", value: "1", secure: true }],
  ])("of attributes that come twice the last one counts, and what cannot be read does not: %j", (line, said) => {
    const { jar, clock } = jarWith([line, HTTPS]);
    const [{ expiresAtMs, ...cookie } = { expiresAtMs: undefined }] = jar.cookies;
    expect({ ...cookie, expiresAtMs: expiresAtMs && expiresAtMs - clock.now() }).toMatchObject(said);
  });
  test("an address is a host by itself: no part of it is a Domain", () => {
    const at127 = at("http://127.0.0.1/");
    const { jar, kept } = jarWith(["a=1; Domain=0.0.1", at127], ["b=1; Domain=127.0.0.1", at127], ["c=1", at127]);
    expect(kept).toEqual([false, true, true]);
    expect([jar.header(at127), jar.header(at("http://1.127.0.0.1.test/"))]).toEqual(["b=1; c=1", undefined]);
  });
  test("a response to another site's subresource sets only SameSite=None; one to its form sets all", () => {
    const { jar } = jarWith();
    const none = "a=1; SameSite=None; Secure";
    expect([none, "b=1", "c=1; SameSite=Strict"].map((line) => jar.receive(line, HTTPS, { crossSite: true }))).toEqual([
      true,
      false,
      false,
    ]);
    expect(jar.receive("c=1; SameSite=Strict", HTTPS, { crossSite: true, topLevel: true })).toBe(true);
  });
  test("the same name, domain and path replaces; another path does not", () => {
    const { jar } = jarWith(["a=1; Path=/", HTTPS], ["a=2; Path=/", HTTPS], ["a=3; Path=/account", HTTPS]);
    expect(jar.header(HTTPS)).toBe("a=3; a=2");
  });
});

describe("how long", () => {
  test("Max-Age goes before Expires", () => {
    const { jar, clock } = jarWith(["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", HTTPS]);
    clock.advance(59_999);
    expect(jar.header(HTTPS)).toBe("a=1");
    clock.advance(1);
    expect(jar.header(HTTPS)).toBeUndefined();
  });
  test("Max-Age=0 removes, with the same Domain and Path only", () => {
    const { jar } = jarWith(["a=1; Path=/", HTTPS], ["a=; Path=/account; Max-Age=0", HTTPS]);
    expect(jar.header(HTTPS)).toBe("a=1");
    expect(jar.receive("a=; Path=/; Max-Age=0", HTTPS)).toBe(false);
    expect(jar.cookies).toEqual([]);
  });
  test("never more than 400 days", () => {
    const { jar, clock } = jarWith(["a=1; Max-Age=99999999999", HTTPS]);
    expect(jar.cookies[0]?.expiresAtMs).toBe(clock.now() + 400 * 86_400_000);
  });
  test("a cookie without either ends with the browser", () => {
    const { jar } = jarWith(["a=1; Path=/", HTTPS], ["b=2; Path=/; Max-Age=60", HTTPS]);
    jar.closeBrowser();
    expect(jar.header(HTTPS)).toBe("b=2");
  });
  test.each([
    ["Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"],
    ["Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"],
    ["6 nov 05 8:9:7", "2005-11-06T08:09:07Z"],
  ])("reads the date %j", (text, iso) => {
    expect(parseCookieDate(text)).toBe(Date.parse(iso));
  });
  test.each(["", "yesterday", "31 Feb 2020 00:00:00", "1 Jan 1600 00:00:00", "1 Jan 2020 24:00:00"])(
    "does not read the date %j",
    (text) => {
      expect(parseCookieDate(text)).toBeUndefined();
    },
  );
});
