import { createSessions, type Sessions, type SessionsOptions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, expectTypeOf, it } from "vitest";
import { idCookie } from "../../src/request/id-cookie.ts";
import { createWorld, KEY_A, KEY_B, requestOf, type Shop } from "./support.ts";

/** None of them says anything of a session that its cookie holds. */
const TOKEN_OPTIONS = [{ rotateAfter: "1h" }, { rotateAfter: false }, { grace: "1m" }, { onReuse: "report" }] as const;

const make = (options: object) => () =>
  createSessions({ store: memoryStore(), env: {}, ...options } as unknown as SessionsOptions);

describe("options are judged at construction", () => {
  it.each([
    [
      "an unknown key, with the nearest known one",
      { idel: "5m" },
      /OPTIONS_INVALID: idel is not an option; did you mean idle\?/,
    ],
    ["an unknown nested key", { cookie: { nmae: "x" } }, /cookie\.nmae is not an option; did you mean name\?/],
    ["a bad duration", { idle: "soon" }, /DURATION_INVALID: idle is "soon"/],
    ["a negative duration", { touchWindow: -1 }, /DURATION_INVALID: touchWindow/],
    ["idle beyond absolute", { idle: "2h", absolute: "1h" }, /idle is longer than absolute/],
    ["persistent idle beyond absolute", { persistent: { idle: "40d", absolute: "30d" } }, /persistent\.idle is longer/],
    ["a touch window that eats the idle time", { idle: "1m", touchWindow: "1m" }, /touchWindow is more than half/],
    ["strict and a hook", { strict: true, onConflict: () => 1 }, /strict contradicts onConflict/],
    ["acceptPlain without sealing", { acceptPlain: true }, /acceptPlain contradicts atRest/],
    ["a bad mode", { atRest: "cleartext" }, /atRest has an unknown value; give "sealed" or "plain"/],
    ["a bad csrf", { csrf: "maybe" }, /csrf has an unknown value/],
    ["a bad flag", { strict: "yes" }, /strict is not true or false/],
    ["a bad function", { onEvent: 1 }, /onEvent is not a function/],
    ["a limit of nothing", { limit: { sessions: 0 } }, /limit\.sessions is out of range/],
    ["a limit without a number", { limit: {} }, /limit\.sessions is missing/],
    ["no store", { store: undefined }, /store is missing; give memoryStore\(\)/],
    ["a store that is none", { store: {} }, /store is not a store/],
    ["a carrier that is none", { carrier: {} }, /carrier is not a carrier/],
    [
      "a store beside a carrier that needs none",
      { carrier: sealedCookie({ revocation: "none" }), keys: KEY_A },
      /UNSUPPORTED: store/,
    ],
    ...TOKEN_OPTIONS.map((option): [string, object, RegExp] => [
      `${Object.keys(option)} beside a carrier that has no tokens`,
      { store: undefined, carrier: sealedCookie({ revocation: "none" }), keys: KEY_A, ...option },
      new RegExp(`UNSUPPORTED: ${Object.keys(option)} cannot be had with the carrier sealed cookie`),
    ]),
    [
      "rotateAfter beside a carrier that cannot replace a token",
      { carrier: { ...idCookie(), replaces: false }, rotateAfter: "1h" },
      /UNSUPPORTED: rotateAfter/,
    ],
    ["a prefix without its rules", { cookie: { name: "__Host-x", path: "/app" } }, /COOKIE_PREFIX_VIOLATED/],
    ["a cookie name with a space", { cookie: { name: "a b" } }, /COOKIE_NAME_INVALID/],
    ["a bad version", { version: 0 }, /version is out of range/],
    ["a version to write that is none", { writeVersion: 1.5 }, /writeVersion is out of range/],
    ["a migrate that nothing needs", { migrate: () => ({}) }, /migrate is never called while version is 1/],
    ["a version to write that it could not read", { version: 2, writeVersion: 3 }, /writeVersion is above version/],
    ["an earlier version to write without a downgrade", { version: 2, writeVersion: 1 }, /give downgrade/],
    ["a downgrade to nowhere", { version: 2, downgrade: () => ({}) }, /downgrade is never called without writeVersion/],
    ["a downgrade that is no function", { version: 2, writeVersion: 1, downgrade: {} }, /downgrade is not a function/],
    ["a schema that is none", { schema: {} }, /OPTIONS_INVALID: schema is not a Standard Schema; give one of zod/],
    ["a schema of another standard", { schema: { "~standard": { version: 2 } } }, /schema is not a Standard Schema/],
    ["a JSON schema", { schema: { type: "object" } }, /schema is not a Standard Schema/],
    ["no schema at all", { schema: null }, /schema is null; give a value, or leave it out/],
    ["a codec that is none", { codec: JSON }, /codec is not a codec; give { encode, decode }/],
  ])("%s", (_, options, message) => {
    expect(make(options)).toThrow(message);
  });

  it("an unknown key with nothing near lists what there is", () => {
    expect(make({ zzzzzzzz: 1 })).toThrow(/choose one of: keys, idle/);
  });

  it("what is right is taken", () => {
    expect(
      make({ idle: "10m", absolute: "1d", rotateAfter: false, grace: 0, cookie: { domain: "example.com" } }),
    ).not.toThrow();
    expect(make({ carrier: { ...idCookie(), replaces: false }, rotateAfter: false })).not.toThrow();
    expect(make({ version: 2, writeVersion: 2, downgrade: () => ({}) })).not.toThrow();
    const environment = { SOJOURN_KEYS: KEY_A };
    expect(make({ atRest: "sealed", env: environment })).not.toThrow();
  });
});

describe("policy()", () => {
  it("prints every timeout, limit and guarantee, and no key", () => {
    const { sessions } = createWorld({ atRest: "sealed", keys: KEY_A, limit: { sessions: 3, onLimit: "reject" } });
    const report = String(sessions.policy());
    for (const line of [
      "idle timeout: 30m",
      "absolute timeout: 12h",
      "token replaced: after 1h, and at login and elevation",
      "replaced token works for: 30s; after a login not at all",
      "cookie name: __Host-session",
      "cookie attributes: Path=/; Secure; HttpOnly; SameSite=Lax",
      "sessions a user: 3; a login beyond them is refused",
      "keys: aaaaaaaa seals and opens",
      "logout: final when it resolves",
      "store: memory",
      "store deadline: 2s",
    ]) {
      expect(report.split("\n")).toContain(line);
    }
    expect(report).not.toContain(KEY_A.slice(14));
    expect(sessions.policy().rows.length).toBe(report.split("\n").length);
  });

  it("shows the cookie's attributes as its Set-Cookie does, names nothing twice, and says where a cookie is not Secure", async () => {
    for (const cookie of [
      {},
      { domain: "example.com", sameSite: "none", partitioned: true },
      { path: "/a" },
    ] as const) {
      const { sessions } = createWorld({ cookie });
      const session = await sessions.load(requestOf());
      session.set("theme", "dark");
      const [sent = ""] = (await sessions.commit(session)).setCookies;
      const rows = new Map(sessions.policy().rows.map(({ name, value }) => [name, value]));
      expect(rows.size).toBe(sessions.policy().rows.length);
      expect(sent.replace(/=[^;]*; /, " ")).toBe(`${rows.get("cookie name")} ${rows.get("cookie attributes")}`);
    }
    const local = String(createWorld({ cookie: { insecureLoopback: true } }).sessions.policy());
    expect(local).toContain("cookie attributes: Path=/; HttpOnly; SameSite=Lax (not Secure");
  });

  it("tells the key that seals from those that only open", () => {
    const { sessions } = createWorld({ atRest: "sealed", keys: [KEY_A, KEY_B] });
    expect(String(sessions.policy())).toContain("keys: aaaaaaaa seals and opens; bbbbbbbb only opens");
  });

  it("has no row that means nothing: of tokens for a sealed cookie, of sealing for plain records", () => {
    const carrier = sealedCookie({ revocation: "none" });
    const sealed = String(createSessions({ carrier, keys: KEY_A, env: {} }).policy());
    expect(sealed).not.toMatch(/token(?! is needed)|replaced/);
    const plain = String(createSessions({ store: memoryStore(), env: {} }).policy());
    expect(plain).toContain("at rest: not encrypted; never leaves the process");
    expect(plain).not.toMatch(/sealed(?!$)|other processes/m);
  });

  it("says what data is written as while an earlier release still runs", () => {
    const { another } = createWorld();
    const report = String(another({ version: 3, writeVersion: 2, downgrade: () => ({}) }).policy());
    expect(report.split("\n")).toContain("data version: 3, written as 2");
    expect(String(another({ version: 3 }).policy()).split("\n")).toContain("data version: 3");
  });

  it("says what a sealed cookie cannot do", () => {
    const carrier = sealedCookie({ revocation: "none" });
    const report = String(createSessions({ carrier, keys: KEY_A, env: {} }).policy());
    expect(report).toContain("revokeUser: unsupported");
    expect(report).toContain("copy works until it expires");
  });
});

describe("foreign sessions", () => {
  it("are refused: what another createSessions made, and what nobody did", async () => {
    const [a, b] = [createWorld().sessions, createWorld().sessions];
    const session = await a.load({ method: "GET", header: () => undefined, remoteAddress: undefined, encrypted: true });
    for (const wrong of [session, {}, undefined, null]) {
      expect(() => b.pending(wrong as never)).toThrow(/ARGUMENT_INVALID/);
    }
  });
});

describe("events", () => {
  it("a listener that throws fails no request", async () => {
    const world = createWorld({
      onEvent: () => {
        throw new Error("listener");
      },
    });
    const sessions = createSessions<Shop>({
      store: world.store,
      env: {},
      runtime: world.runtime,
      onEvent: () => {
        throw new Error("listener");
      },
    });
    const session = await sessions.load({
      method: "GET",
      header: () => undefined,
      remoteAddress: undefined,
      encrypted: true,
    });
    session.set("theme", "x");
    await sessions.commit(session);
    expect(world.runtime.lines.at(-1)).toMatchObject({ level: "error", message: "onEvent threw" });
  });
});

describe("types", () => {
  it("what means nothing for a sealed cookie is a type error", () => {
    const carrier = sealedCookie({ revocation: "none" });
    // @ts-expect-error there are no tokens to replace
    const rotating: SessionsOptions = { carrier, rotateAfter: "1h" };
    // @ts-expect-error nobody counts the sessions
    const limiting: SessionsOptions = { carrier, limit: { sessions: 1 } };
    expect(() => createSessions(rotating)).toThrow(/UNSUPPORTED/);
    expect(() => createSessions(limiting)).toThrow(/UNSUPPORTED/);
  });

  it("push takes array keys, increment number keys, values are those of Data, and what is read is read-only", () => {
    type Session = Awaited<ReturnType<Sessions<Shop>["load"]>>;
    expectTypeOf<Parameters<Session["push"]>[0]>().toEqualTypeOf<"cart">();
    expectTypeOf<Parameters<Session["increment"]>[0]>().toEqualTypeOf<"count">();
    const check = (session: Session) => {
      expectTypeOf(session.get("cart")).toEqualTypeOf<readonly string[] | undefined>();
      expectTypeOf(session.get("note")?.tags).toEqualTypeOf<readonly string[] | undefined>();
      session.push("cart", "a");
      // @ts-expect-error a number is no item of the cart
      session.push("cart", 1);
      // @ts-expect-error not an array
      session.push("theme", "a");
      // @ts-expect-error not a number
      session.increment("theme");
      // @ts-expect-error not this key's value
      session.set("theme", 1);
      // @ts-expect-error no such key
      session.get("colour");
      // @ts-expect-error what is read is not written to
      session.get("cart")?.push("x");
    };
    expect(check).toBeTypeOf("function");
  });
});
