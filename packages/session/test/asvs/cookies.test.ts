import { createFakeRuntime } from "@sojourn/core/testing";
import { type CookieOptions, createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClient, failure, HOMES, KEY_A, type Shop, visit } from "../engine/support.ts";

function build(home: (typeof HOMES)[number], cookie: CookieOptions = {}) {
  const runtime = createFakeRuntime();
  const common = { cookie, runtime, env: { NODE_ENV: "production" } };
  return home === "in a store"
    ? createSessions<Shop>({ ...common, store: memoryStore({ clock: runtime.clock }) })
    : createSessions<Shop>({ ...common, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A });
}

/** Every Set-Cookie of a session's life: its beginning, each change of its token, its removal. */
async function cookiesOf(home: (typeof HOMES)[number], cookie?: CookieOptions) {
  const sessions = build(home, cookie);
  const client = createClient();
  const lines: string[] = [];
  for (const step of ["write", "login", "elevate", "rotate", "logout"]) {
    const { fields } = await visit(sessions, client, async (session) => {
      if (step === "write") session.set("theme", "dark");
      else if (step === "login") await session.login("ann", { persistent: true });
      else if (step === "elevate") await session.elevate(2);
      else if (step === "rotate") await session.rotate();
      else await session.logout();
    });
    lines.push(...fields.setCookies);
  }
  expect(lines).toHaveLength(5);
  return lines;
}

const attributes = (line: string) => line.split("; ").slice(1);
const nameOf = (line: string) => line.slice(0, line.indexOf("="));

describe.each(HOMES)("cookies of sessions %s", (home) => {
  it("are Secure, and their names say so to browsers", { tags: ["asvs-3.3.1", "asvs-3.3.3"] }, async () => {
    for (const [cookie, name] of [
      [{}, "__Host-session"],
      [{ path: "/" }, "__Host-session"],
      [{ sameSite: "none", partitioned: true }, "__Host-session"],
      [{ domain: "example.com" }, "__Secure-session"],
      [{ path: "/app" }, "__Secure-session"],
    ] as const) {
      for (const line of await cookiesOf(home, cookie)) {
        expect(nameOf(line)).toBe(name);
        expect(attributes(line)).toContain("Secure");
        if (name === "__Host-session") expect(line).not.toMatch(/Domain=/);
      }
    }
  });

  it("are never set in production without Secure", { tags: ["asvs-3.3.1"] }, () => {
    expect(() => build(home, { insecureLoopback: true })).toThrow(/OPTIONS_INVALID.*NODE_ENV=production/);
    expect(() => build(home, { secure: false } as never)).toThrow(/OPTIONS_INVALID.*secure is not an option/);
  });

  it("cannot be called __Host- and be shared", { tags: ["asvs-3.3.3"] }, () => {
    for (const shared of [{ domain: "example.com" }, { path: "/app" }]) {
      expect(() => build(home, { name: "__Host-shop", ...shared })).toThrow(/COOKIE_PREFIX_VIOLATED/);
    }
  });

  it("say SameSite: Lax, or what was asked for", { tags: ["asvs-3.3.2"] }, async () => {
    for (const [sameSite, said] of [
      [undefined, "Lax"],
      ["lax", "Lax"],
      ["strict", "Strict"],
      ["none", "None"],
    ] as const) {
      for (const line of await cookiesOf(home, sameSite === undefined ? {} : { sameSite })) {
        expect(attributes(line).filter((each) => each.startsWith("SameSite"))).toEqual([`SameSite=${said}`]);
      }
    }
    expect(() => build(home, { sameSite: "sometimes" } as never)).toThrow(/COOKIE_ATTRIBUTE_INVALID/);
  });

  it("are HttpOnly, and nothing turns that off", { tags: ["asvs-3.3.4"] }, async () => {
    for (const line of await cookiesOf(home)) expect(attributes(line)).toContain("HttpOnly");
    expect(() => build(home, { httpOnly: false } as never)).toThrow(/OPTIONS_INVALID.*httpOnly is not an option/);
  });

  it("take at most 4096 bytes of name and value, whatever is stored", { tags: ["asvs-3.3.5"] }, async () => {
    const sizes = { written: 0, refused: 0 };
    const sessions = build(home);
    const tag = fc.option(fc.stringMatching(/^[\w-]{1,64}$/), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.nat(12_000), tag, async (size, routeTag) => {
        const client = createClient();
        await visit(sessions, client, (session) => session.set("theme", ""));
        if (routeTag !== undefined) client.cookie += `.${routeTag}`;
        const work = visit(sessions, client, async (session) => {
          session.set("theme", "x".repeat(size));
          await session.login("ann");
        });
        try {
          for (const line of (await work).fields.setCookies) {
            const [pair = ""] = line.split("; ");
            expect(Buffer.byteLength(pair) - 1).toBeLessThanOrEqual(4_096);
            sizes.written++;
          }
        } catch (error) {
          expect(error).toMatchObject({ code: "COOKIE_TOO_LARGE" });
          sizes.refused++;
        }
      }),
    );
    expect(sizes.written).toBeGreaterThan(10);
    expect(sizes.refused > 10).toBe(home === "in a sealed cookie");
  });
});

describe("a sealed cookie", () => {
  it("that would be larger is refused with an error, and none is written", { tags: ["asvs-3.3.5"] }, async () => {
    const sessions = build("in a sealed cookie");
    const session = await sessions.load(new Request("https://shop.example.com/"));
    session.set("theme", "x".repeat(6_000));
    expect((await failure((async () => sessions.commit(session))())).code).toBe("COOKIE_TOO_LARGE");
  });
});
