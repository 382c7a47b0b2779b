import { inspect } from "node:util";
import { createKeyRing, fromBase64Url, toBase64Url } from "@sojourn/core";
import { createSessions, type Session } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, failure, KEY_A, KEY_B, PROVIDERS, requestOf, type Shop, visit } from "./support.ts";

const loginAs = (userId: string) => async (session: Session<Shop>) => {
  await session.login(userId);
  return session.id ?? "";
};
const SEALED = { atRest: "sealed", keys: KEY_A } as const;

describe.each(PROVIDERS)("at rest ($name crypto)", (crypto) => {
  it("a dump of the store yields no usable cookie and no data", async () => {
    const world = createWorld({ crypto, ...SEALED, idle: "3h" });
    const client = createClient();
    await visit(world.sessions, client, async (s) => {
      s.set("theme", "very-private");
      await s.login("ada@example.com");
    });
    const first = client.value ?? "";
    world.runtime.clock.advance(3_600_000);
    await visit(world.sessions, client);
    const dump: string[] = [];
    const raw: Uint8Array[] = [];
    for await (const keys of world.store.scan?.() ?? []) {
      for (const key of keys) {
        const record = await world.store.read(key);
        dump.push(key, new TextDecoder("latin1").decode(record?.bytes));
        if (record !== undefined) raw.push(record.bytes);
      }
    }
    const text = dump.join("\n");
    const secrets = [first, client.value ?? ""].flatMap((token) => [token, token.slice(0, 21), token.slice(22)]);
    for (const word of [...secrets, "very-private", "ada@example.com"]) expect(text).not.toContain(word);
    // Whatever 32 bytes of the dump are presented, they are no session.
    for (const bytes of raw) {
      for (let at = 0; at + 32 <= bytes.length; at += 16) {
        const guess = createClient(`__Host-session=${toBase64Url(bytes.subarray(at, at + 32))}`);
        await visit(world.sessions, guess, (s) => expect(s.isNew).toBe(true));
      }
    }
    for (const key of dump.filter((part) => part.length === 43)) {
      await visit(world.sessions, createClient(`__Host-session=${key}`), (s) => expect(s.isNew).toBe(true));
    }
  });

  it("tokens, secrets and data reach neither events nor logs", { tags: ["asvs-3.3.4"] }, async () => {
    const world = createWorld({ crypto, ...SEALED, idle: "3h" });
    const client = createClient();
    const tokens: string[] = [];
    for (const step of [() => {}, () => world.runtime.clock.advance(3_600_000), () => {}]) {
      step();
      await visit(world.sessions, client, async (s) => {
        s.set("theme", "very-private");
        if (s.userId === undefined) await s.login("ada");
      });
      tokens.push(client.value ?? "");
    }
    const said = JSON.stringify([world.events, world.runtime.lines]);
    for (const word of [...tokens, ...tokens.map((token) => token.slice(22)), "very-private"]) {
      expect(said).not.toContain(word);
    }
  });

  it("nothing that a program can print of sessions, stores, keys and errors holds a token, a secret or data", {
    tags: ["asvs-3.3.4"],
  }, async () => {
    const world = createWorld({ crypto, ...SEALED });
    const client = createClient();
    const printed: unknown[] = [];
    await visit(world.sessions, client, async (s) => {
      s.set("theme", "very-private");
      await s.login("ada");
      printed.push(s, world.sessions, world.store, createKeyRing(KEY_A, world.runtime));
    });
    const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
    for (const wrong of [
      () => session.increment("theme" as "count"),
      () => session.set("note", { text: "very-private", tags: [1n] } as never),
    ]) {
      try {
        wrong();
      } catch (error) {
        printed.push(error);
      }
    }
    world.fault = () => Promise.reject(new Error("down"));
    printed.push(
      await failure(world.sessions.load(requestOf({ cookie: client.cookie }))),
      await failure(session.logout()),
    );
    expect(printed).toHaveLength(8);
    const options = { depth: 20, showHidden: true, breakLength: Number.POSITIVE_INFINITY };
    const text = printed.map((each) => `${inspect(each, options)}${JSON.stringify(each)}`).join();
    const token = client.value ?? "";
    const key = KEY_A.slice(KEY_A.lastIndexOf(".") + 1);
    for (const word of [token, token.slice(22), key, "very-private"]) expect(text).not.toContain(word);
    for (const bytes of [token, key].map((each) => fromBase64Url(each)?.subarray(16) ?? new Uint8Array())) {
      expect(text.replace(/\s/g, "")).not.toContain(bytes.join());
    }
  });

  it("the absolute end is inside the sealed bytes: a later deadline in the store does not move it", {
    tags: ["asvs-7.3.2"],
  }, async () => {
    const world = createWorld({ crypto, ...SEALED, idle: "11h" });
    const client = createClient();
    const { result: id } = await visit(world.sessions, client, loginAs("ada"));
    const stored = await world.store.read(id);
    if (stored === undefined) throw new Error("it was there");
    const expiresAtMs = stored.expiresAtMs + 100 * 3_600_000;
    await world.store.write(id, { ...stored, version: "extended", expiresAtMs }, stored.version);
    world.runtime.clock.advance(12 * 3_600_000 - 1);
    await visit(world.sessions, client, (s) => expect(s.userId).toBe("ada"));
    world.runtime.clock.advance(1);
    await visit(world.sessions, client, (s) => expect(s.isNew).toBe(true));
  });

  it("a record moved under another session's key does not open", async () => {
    const world = createWorld({ crypto, ...SEALED });
    const [mine, theirs] = [createClient(), createClient()];
    const { result: from } = await visit(world.sessions, mine, loginAs("ada"));
    const { result: to } = await visit(world.sessions, theirs, loginAs("bob"));
    const [source, target] = await Promise.all([world.store.read(from), world.store.read(to)]);
    if (source === undefined || target === undefined) throw new Error("both were there");
    await world.store.write(to, { ...source, version: "moved" }, target.version);
    await visit(world.sessions, theirs, (s) => expect(s.isNew).toBe(true));
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.unreadable", reason: "forged" }));
  });

  it("an unknown key id is SESSION_KEY_UNKNOWN: never a logout, never overwritten", async () => {
    const world = createWorld({ crypto, ...SEALED });
    const client = createClient();
    const { result: id } = await visit(world.sessions, client, loginAs("ada"));
    const before = await world.store.read(id);
    const stranger = world.another({ keys: KEY_B });
    const error = await failure(stranger.load(requestOf({ cookie: client.cookie })));
    expect(error).toMatchObject({ code: "SESSION_KEY_UNKNOWN", status: 503, retryable: true });
    expect(error.message).toContain("aaaaaaaa");
    expect((await failure((async () => (await stranger.load(requestOf())).login("ada"))())).code).toBe(
      "SESSION_KEY_UNKNOWN",
    );
    expect(await world.store.read(id)).toEqual(before);
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.unreadable", reason: "unknown-key" }));
  });

  it("a new key seals while the old one opens: rotation logs nobody out", async () => {
    const world = createWorld({ crypto, ...SEALED });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    const second = world.another({ keys: `${KEY_B},opens:${KEY_A}` });
    await visit(second, client, (s) => {
      expect(s.userId).toBe("ada");
      s.set("theme", "x");
    });
    await visit(world.another({ keys: KEY_B }), client, (s) =>
      expect([s.userId, s.get("theme")]).toEqual(["ada", "x"]),
    );
  });

  it("a plain blob under a sealed configuration is no session unless acceptPlain is set", async () => {
    const world = createWorld({ crypto, atRest: "plain" });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "x"));
    const { cookie } = client;
    const sealed = world.another({ ...SEALED });
    await visit(sealed, client, (s) => expect(s.isNew).toBe(true));
    expect(world.events).toContainEqual(expect.objectContaining({ type: "session.unreadable", reason: "plain" }));
    const migrating = world.another({ ...SEALED, acceptPlain: true });
    client.cookie = cookie;
    await visit(migrating, client, (s) => s.set("count", 1));
    await visit(sealed, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual(["x", 1]));
    const plain = await failure(world.sessions.load(requestOf({ cookie })));
    expect(plain.code).toBe("SESSION_KEY_UNKNOWN");
  });

  it("data of an earlier version is migrated; a later one is SESSION_DATA_NEWER, never no session", async () => {
    const world = createWorld({ crypto });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "old"));
    const newer = world.another({
      version: 2,
      migrate: (data, from) => ({ ...data, theme: `${String(data.theme)} from ${from}` }),
    });
    await visit(newer, client, (s) => expect(s.get("theme")).toBe("old from 1"));
    await visit(world.sessions, client, (s) => expect(s.get("theme")).toBe("old"));
    await visit(newer, client, (s) => s.increment("count"));
    const error = await failure(world.sessions.load(requestOf({ cookie: client.cookie })));
    expect(error).toMatchObject({ code: "SESSION_DATA_NEWER", status: 503, retryable: true });
    await visit(newer, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual(["old from 1", 1]));
  });
});

describe("keys", () => {
  const shared = { ...memoryStore(), traits: { name: "far", shared: true } };
  const make = (options: object) => () => createSessions<Shop>({ store: shared, ...options });

  it("a shared store without keys refuses to start in production, and says how to make one", () => {
    expect(make({ env: { NODE_ENV: "production" } })).toThrow(/KEY_MISSING.*npx sojourn keygen/);
    expect(make({ env: { NODE_ENV: "production", SOJOURN_KEYS: KEY_A } })).not.toThrow();
    expect(make({ env: { NODE_ENV: "production" }, atRest: "plain" })).not.toThrow();
    expect(() => createSessions({ store: memoryStore(), env: { NODE_ENV: "production" } })).not.toThrow();
  });

  it("short and malformed keys are told of at construction, without quoting them", () => {
    for (const keys of ["hunter2hunter2", "sjk1.aaaaaaaa.short", ""]) {
      const error = (() => {
        try {
          createSessions({ store: memoryStore(), keys, env: {} });
        } catch (thrown) {
          return thrown as Error;
        }
        return new Error("accepted");
      })();
      expect(error.message).toMatch(/KEY_INVALID|KEY_RING_UNUSABLE/);
      if (keys !== "") expect(error.message).not.toContain(keys);
    }
  });
});
