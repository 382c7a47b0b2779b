import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { externalOrigin, isLoopbackHost } from "../../src/request/origin.ts";
import { createTrust } from "../../src/request/trust.ts";
import { createClient, createWorld, failure, PROVIDERS, type RequestParts, requestOf, visit } from "./support.ts";

describe.each(PROVIDERS)("bad cookies ($name crypto)", (crypto) => {
  const token = "A".repeat(43);
  it.each([
    ["garbage", "__Host-session=%00%ff;;;=;"],
    ["an empty one", "__Host-session="],
    ["500 of ours", Array(500).fill(`__Host-session=${token}`).join("; ")],
    ["64 KB", `__Host-session=${"A".repeat(65_536)}`],
    ["a well-formed stranger", `__Host-session=${token}`],
    ["a token with a tail", `__Host-session=${token}.../../x`],
    ["quotes", `__Host-session="${token}"`],
  ])(
    "%s: no session, nothing thrown, nothing adopted, nothing set",
    { tags: ["asvs-7.2.1", "asvs-7.6.2"] },
    async (_, cookie) => {
      const { sessions } = createWorld({ crypto });
      const { fields } = await visit(sessions, createClient(cookie), (s) => expect(s.isNew).toBe(true));
      expect(fields.setCookies).toEqual([]);
      const client = createClient(cookie);
      await visit(sessions, client, (s) => s.set("theme", "x"));
      expect(client.value?.split(".")[0]).not.toBe(token);
      await visit(sessions, client, (s) => expect(s.get("theme")).toBe("x"));
    },
  );

  it("whatever the header holds, load answers", async () => {
    const { sessions } = createWorld({ crypto });
    const header = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `__Host-session=${text}`),
    );
    await fc.assert(
      fc.asyncProperty(header, async (cookie) => (await sessions.load(requestOf({ cookie }))).isNew),
      { numRuns: 60 },
    );
  });

  it("a route tag after the token is no part of it, and stays in what is written back", async () => {
    const { sessions, another } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "x"));
    const { result: id } = await visit(sessions, client, (s) => s.id);
    client.cookie = `${client.cookie}.shop-1`;
    await visit(another(), client, (s) => expect([s.id, s.get("theme")]).toEqual([id, "x"]));
    await visit(sessions, client, (s) => s.login("ada"));
    expect(client.value).toMatch(/^[A-Za-z0-9_-]{43}\.shop-1$/);
    client.cookie = client.cookie?.replace("shop-1", "shop-2");
    await visit(sessions, client, (s) => expect(s.userId).toBe("ada"));
  });
});

describe("cross-site requests", () => {
  const judge = async (parts: RequestParts, options = {}) => {
    const { sessions } = createWorld(options);
    try {
      await sessions.load(requestOf({ method: "POST", ...parts }));
      return "passes";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const REFUSED = "SESSION_CSRF_REFUSED";

  it.each([
    ["same-origin", "passes"],
    ["none", "passes"],
    ["cross-site", REFUSED],
    ["same-site", REFUSED],
    ["something-new", REFUSED],
  ])("Sec-Fetch-Site: %s %s", { tags: ["asvs-3.3.2"] }, async (site, verdict) => {
    expect(await judge({ headers: { "sec-fetch-site": site } })).toBe(verdict);
  });

  it.each([
    ["https://shop.example.com", "passes"],
    ["https://SHOP.example.com", "passes"],
    ["http://shop.example.com", REFUSED],
    ["https://shop.example.com:8443", REFUSED],
    ["https://evil.example", REFUSED],
    ["https://shop.example.com.evil.example", REFUSED],
    ["null", REFUSED],
    ["", REFUSED],
  ])("without it, Origin: %s %s", { tags: ["asvs-3.3.2"] }, async (origin, verdict) => {
    expect(await judge({ headers: { origin } })).toBe(verdict);
  });

  it("both absent is no browser; safe methods and csrf: off pass; default ports are no difference", async () => {
    expect(await judge({})).toBe("passes");
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      expect(await judge({ method, headers: { "sec-fetch-site": "cross-site" } })).toBe("passes");
    }
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "PURGE"]) {
      expect(await judge({ method, headers: { "sec-fetch-site": "cross-site" } })).toBe(REFUSED);
    }
    expect(await judge({ headers: { "sec-fetch-site": "cross-site" } }, { csrf: "off" })).toBe("passes");
    expect(await judge({ headers: { host: "shop.example.com:443", origin: "https://shop.example.com" } })).toBe(
      "passes",
    );
  });

  it("rejects, and never throws synchronously", async () => {
    const { sessions } = createWorld();
    const loading = sessions.load(requestOf({ method: "POST", headers: { "sec-fetch-site": "cross-site" } }));
    expect(await failure(loading)).toMatchObject({ code: REFUSED, status: 403 });
    expect((await failure(sessions.load({} as never))).message).toBeDefined();
  });
});

describe("the external origin", () => {
  const trusts = createTrust(["10.0.0.0/8", "::1", "192.0.2.7"]);
  const seen = (headers: Record<string, string>, remoteAddress: string | undefined = "10.0.0.5") =>
    externalOrigin(requestOf({ headers, remoteAddress, encrypted: false }), trusts);

  it("is what a trusted proxy says, and nobody else's word counts", () => {
    const forwarded = { "x-forwarded-proto": "https", "x-forwarded-host": "Shop.Example.org:443" };
    expect(seen(forwarded)).toEqual({ scheme: "https", host: "shop.example.org" });
    expect(seen(forwarded, "::ffff:10.0.0.5")).toEqual({ scheme: "https", host: "shop.example.org" });
    expect(seen(forwarded, "::1")).toEqual({ scheme: "https", host: "shop.example.org" });
    expect(seen(forwarded, "203.0.113.9")).toEqual({ scheme: "http", host: "shop.example.com" });
    expect(seen(forwarded, undefined as never)).toMatchObject({ scheme: "https" });
    expect(
      externalOrigin(requestOf({ headers: forwarded, remoteAddress: undefined, encrypted: false }), trusts).scheme,
    ).toBe("http");
  });

  it("is read at the outermost trusted hop, whatever the client put in front", () => {
    const chain = { "x-forwarded-for": "203.0.113.9, 10.0.0.9", "x-forwarded-proto": "https, http" };
    expect(seen(chain).scheme).toBe("https");
    expect(seen({ "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https, http" }).scheme).toBe("http");
    expect(seen({ "x-forwarded-proto": "ftp" }).scheme).toBe("http");
  });

  it("knows loopback hosts", () => {
    for (const host of [
      "localhost",
      "localhost:3000",
      "a.localhost",
      "127.0.0.1:80",
      "127.9.9.9",
      "[::1]:3000",
      "[::1]",
    ]) {
      expect(isLoopbackHost(host)).toBe(true);
    }
    for (const host of ["", "localhost.evil.example", "128.0.0.1", "127.1", "[::2]", "notlocalhost"]) {
      expect(isLoopbackHost(host)).toBe(false);
    }
  });

  it("refuses a trustProxy that is no list of addresses and ranges", () => {
    for (const bad of [
      ["example.com"],
      ["10.0.0.0/33"],
      ["10.0.0.0/-1"],
      ["10.0.0.0/x"],
      [7],
      "10.0.0.1",
      ["10.1/8"],
    ]) {
      expect(() => createTrust(bad as never)).toThrow(/OPTIONS_INVALID: trustProxy/);
    }
  });
});

describe("when no cookie can be sent", () => {
  const write = async (options: object, parts: RequestParts, times = 1) => {
    const world = createWorld(options);
    let fields: { setCookies: readonly string[] } = { setCookies: [] };
    for (let i = 0; i < times; i++) {
      ({ fields } = await visit(world.sessions, createClient(), (s) => s.set("theme", "x"), parts));
    }
    return { cookies: fields.setCookies, lines: world.runtime.lines.map(({ message }) => message) };
  };

  it("says once why and how to mend", { tags: ["asvs-3.3.1"] }, async () => {
    const { cookies, lines } = await write({}, { encrypted: false, remoteAddress: "10.0.0.5" }, 3);
    expect(cookies).toEqual([]);
    expect(lines).toEqual([
      'COOKIE_NOT_SET: request arrived as http from 10.0.0.5; if that is your proxy, set trustProxy: ["10.0.0.5"]',
    ]);
  });

  it("names an IPv4 peer of a dual-stack socket as people write it", async () => {
    const { lines } = await write({}, { encrypted: false, remoteAddress: "::ffff:10.0.0.5" });
    expect(lines[0]).toContain('from 10.0.0.5; if that is your proxy, set trustProxy: ["10.0.0.5"]');
  });

  it("behind a trusted proxy that says https it is sent", async () => {
    const parts = { encrypted: false, remoteAddress: "10.0.0.5", headers: { "x-forwarded-proto": "https" } };
    expect((await write({ trustProxy: ["10.0.0.0/8"] }, parts)).cookies).toHaveLength(1);
    expect((await write({}, parts)).cookies).toEqual([]);
  });

  it("insecureLoopback: session without Secure, on loopback hosts only, never in production", {
    tags: ["asvs-3.3.1"],
  }, async () => {
    const options = { cookie: { insecureLoopback: true } };
    const local = { encrypted: false, headers: { host: "127.0.0.1:3000" }, remoteAddress: "127.0.0.1" };
    expect((await write(options, local)).cookies[0]).toMatch(/^session=[^;]+; Path=\/; HttpOnly; SameSite=Lax$/);
    expect((await write(options, {})).cookies).toEqual([]);
    expect(() => createWorld({ ...options, env: { NODE_ENV: "production" } })).toThrow(/insecureLoopback.*production/);
  });

  it("the default is __Host-session; Secure; HttpOnly; SameSite=Lax; Path=/ without Domain or Max-Age", {
    tags: ["asvs-3.3.1", "asvs-3.3.2", "asvs-3.3.3", "asvs-3.3.4"],
  }, async () => {
    expect((await write({}, {})).cookies[0]).toMatch(
      /^__Host-session=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    );
  });
});

describe("fetch requests", () => {
  it("are understood as they are", async () => {
    const sessions = createSessions<{ n: number }>({ store: memoryStore(), env: {} });
    const session = await sessions.load(new Request("https://shop.example.com/", { method: "POST" }));
    session.increment("n");
    const { setCookies } = await sessions.commit(session);
    const cookie = setCookies[0]?.split(";")[0] ?? "";
    const again = await sessions.load(new Request("https://shop.example.com/", { headers: { cookie } }));
    expect(again.get("n")).toBe(1);
    const cross = new Request("https://shop.example.com/", {
      method: "POST",
      headers: { origin: "https://evil.example" },
    });
    expect((await failure(sessions.load(cross))).code).toBe("SESSION_CSRF_REFUSED");
  });
});
