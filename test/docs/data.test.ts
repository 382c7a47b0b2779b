import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSessions, type Session, type Sessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import { root } from "./guide-page.ts";

type Loose = Record<string, unknown>;

async function listing<Name extends string, Value>(file: string): Promise<Record<Name, Value>> {
  vi.resetModules();
  return import(pathToFileURL(join(root, "docs/guide/data", file)).href);
}

/** A browser's requests, one after the other. */
function createVisitor() {
  let cookie = "";
  return async (sessions: Sessions<Loose>, handle: (session: Session<Loose>) => void) => {
    const session = await sessions.load(new Request("https://shop.example/", { headers: { cookie } }));
    handle(session);
    const { setCookies } = await sessions.commit(session);
    cookie = setCookies[0]?.split(";")[0] ?? cookie;
  };
}

describe("docs/guide/data", () => {
  afterEach(() => vi.unstubAllEnvs());

  it("schema.mjs refuses what it does not know, with the path", async () => {
    const { sessions } = await listing<"sessions", Sessions<Loose>>("schema.mjs");
    const visit = createVisitor();
    await visit(sessions, (s) => s.push("cart", "apple"));
    await visit(sessions, (s) => {
      expect(() => s.set("theme", "pink")).toThrow(/^SESSION_DATA_INVALID: theme /);
      expect(() => s.push("cart", 7)).toThrow(/^SESSION_DATA_INVALID: cart\[1\] /);
      s.set("theme", "dark");
    });
    await visit(sessions, (s) => expect([s.get("cart"), s.get("theme")]).toEqual([["apple"], "dark"]));
  });

  it("versions.mjs lets both releases serve one session, step by step as the page says", async () => {
    const store = memoryStore();
    const release = async (writeVersion: string) => {
      vi.stubEnv("WRITE_VERSION", writeVersion);
      const { data } = await listing<"data", object>("versions.mjs");
      return createSessions<Loose>({ store, env: {}, ...data });
    };
    const old = createSessions<Loose>({ store, env: {} });
    const visit = createVisitor();
    const rolling = await release("1");
    await visit(old, (s) => s.set("cart", ["apple", "apple"]));
    await visit(rolling, (s) => {
      expect(s.get("lines")).toEqual({ apple: 2 });
      s.set("lines", { apple: 2, pear: 1 });
    });
    await visit(old, (s) => expect(s.get("cart")).toEqual(["apple", "apple", "pear"]));
    await visit(await release("2"), (s) => s.set("lines", { apple: 1 }));
    await expect(visit(old, () => {})).rejects.toMatchObject({ code: "SESSION_DATA_NEWER", status: 503 });
    await visit(rolling, (s) => s.increment("count"));
    await visit(old, (s) => expect([s.get("cart"), s.get("count")]).toEqual([["apple"], 1]));
  });

  it("codec.mjs keeps dates and maps", async () => {
    const { sessions } = await listing<"sessions", Sessions<Loose>>("codec.mjs");
    const visit = createVisitor();
    const seen = new Map([["apple", new Date(0)]]);
    await visit(sessions, (s) => s.set("seen", seen));
    await visit(sessions, (s) => expect(s.get("seen")).toEqual(seen));
  });
});
