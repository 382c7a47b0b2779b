import type { Session } from "@sojourn/session";
import { describe, expect, it } from "vitest";
import { createClient, createWorld, drive, failure, PROVIDERS, requestOf, type Shop, turn, visit } from "./support.ts";

describe.each(PROVIDERS)("data operations ($name crypto)", (crypto) => {
  it("are seen at once, and by the next request", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => {
      s.set("theme", "dark");
      s.push("cart", "apple", "pear");
      expect(s.increment("count", 2)).toBe(2);
      s.update("note", (note) => ({ text: `${note?.text ?? ""}hi`, tags: [] }));
      expect([s.get("theme"), s.get("cart"), s.get("note")?.text]).toEqual(["dark", ["apple", "pear"], "hi"]);
    });
    await visit(sessions, client, (s) => {
      expect([s.get("theme"), s.get("cart"), s.get("count")]).toEqual(["dark", ["apple", "pear"], 2]);
      expect([s.has("theme"), s.isNew, s.degraded]).toEqual([true, false, false]);
      s.unset("theme");
      expect(s.has("theme")).toBe(false);
    });
    await visit(sessions, client, (s) => expect(s.get("theme")).toBeUndefined());
  });

  it("get gives frozen values, at every depth, in production too", async () => {
    const { sessions } = createWorld({ crypto, env: { NODE_ENV: "production" } });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("note", { text: "a", tags: ["x"] }));
    await visit(sessions, client, (s) => {
      const note = s.get("note") as { text: string; tags: string[] };
      expect(() => {
        note.text = "b";
      }).toThrow(TypeError);
      expect(() => note.tags.push("y")).toThrow(TypeError);
    });
  });

  it("no object is shared between requests, nor with the caller", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    const note = { text: "a", tags: ["x"] };
    await visit(sessions, client, (s) => {
      s.set("note", note);
      note.tags.push("later");
      expect(s.get("note")).toEqual({ text: "a", tags: ["x"] });
    });
    const [a, b] = await Promise.all([1, 2].map(async () => sessions.load(requestOf({ cookie: client.cookie }))));
    expect(a?.get("note")).toEqual(b?.get("note"));
    expect(a?.get("note")).not.toBe(b?.get("note"));
  });

  it.each([
    ["a commit", (s: Session<Shop>) => s.commit()],
    ["a login", (s: Session<Shop>) => s.login("ada")],
  ])("a set of what was read before %s still is a conflict when others changed it meanwhile", async (_, between) => {
    const { sessions, events } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("cart", ["a"]));
    const slow = await sessions.load(requestOf({ cookie: client.cookie }));
    const read = slow.get("cart") ?? [];
    await visit(sessions, client, (s) => s.push("cart", "b"));
    slow.set("theme", "x");
    await between(slow);
    slow.set("cart", [...read, "c"]);
    await sessions.commit(slow);
    expect(events).toContainEqual(expect.objectContaining({ type: "session.conflict", key: "cart" }));
  });

  it("what this request itself stored, or read again since, is no conflict", async () => {
    const { sessions, types } = createWorld({ crypto, strict: true });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("cart", ["a"]));
    const slow = await sessions.load(requestOf({ cookie: client.cookie }));
    expect([slow.get("cart"), slow.get("count")]).toEqual([["a"], undefined]);
    await visit(sessions, client, (s) => s.increment("count"));
    slow.push("cart", "b");
    await slow.commit();
    slow.set("cart", ["c"]);
    expect(slow.get("count")).toBe(1);
    slow.set("count", 5);
    await sessions.commit(slow);
    expect(types()).not.toContain("session.conflict");
    await visit(sessions, client, (s) => expect([s.get("cart"), s.get("count")]).toEqual([["c"], 5]));
  });

  it.each([
    ["clear", (s: Session<Shop>) => s.clear()],
    ["a change of user", (s: Session<Shop>) => s.login("bob")],
  ])("nor is a set after %s, which took away what had been read", async (_, away) => {
    const { sessions } = createWorld({ crypto, strict: true });
    const client = createClient();
    await visit(sessions, client, async (s) => {
      s.set("theme", "a");
      await s.login("ada");
    });
    await visit(sessions, client, async (s) => {
      expect(s.get("theme")).toBe("a");
      await away(s);
      s.set("theme", "b");
    });
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("b"));
  });

  it("flash keeps a value for the one request that takes it", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => s.flash("theme", "saved"));
    await visit(sessions, client, (s) => expect(s.flash("theme")).toBe("saved"));
    await visit(sessions, client, (s) => expect(s.flash("theme")).toBeUndefined());
  });

  it("clear removes the data and keeps the user", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, async (s) => {
      s.set("theme", "dark");
      await s.login("ada");
    });
    await visit(sessions, client, (s) => s.clear());
    await visit(sessions, client, (s) => expect([s.get("theme"), s.userId]).toEqual([undefined, "ada"]));
  });

  it("what cannot be kept is refused at set, and the session stays as it was", async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (s) => {
      s.set("theme", "dark");
      expect(() => s.set("note", { text: "a", tags: [new Date(0) as never] })).toThrow(/note\.tags\[0\].*Date/);
      expect(() => s.increment("theme" as never)).toThrow(/SESSION_OPERATION_INVALID/);
      expect(() => s.push("theme" as never, 1 as never)).toThrow(/SESSION_OPERATION_INVALID/);
      expect(() => s.increment("count", Number.NaN)).toThrow(/ARGUMENT_INVALID/);
      for (const key of ["__proto__", "", 3, undefined, "k".repeat(2_000)]) {
        expect(() => s.set(key as "theme", "x")).toThrow(/ARGUMENT_INVALID/);
        expect(() => s.get(key as "theme")).toThrow(/ARGUMENT_INVALID/);
      }
      s.set("constructor" as "theme", "mine");
      expect(s.get("toString" as "theme")).toBeUndefined();
    });
    await visit(sessions, client, (s) => expect(s.get("constructor" as "theme")).toBe("mine"));
  });
});

describe("what is written, and when", () => {
  it("no record until the first write; reading an empty session sets nothing", async () => {
    const { sessions, calls } = createWorld();
    const { fields } = await visit(sessions, createClient(), (s) => {
      s.unset("theme");
      s.clear();
      return s.get("cart");
    });
    expect([fields.setCookies, calls]).toEqual([[], []]);
  });

  it("load gives no promise when the request carries none of our cookie", () => {
    const { sessions, calls } = createWorld();
    for (const cookie of [undefined, "", "other=1; session=x", "a=b; ; =; c"]) {
      const session = sessions.load(requestOf({ cookie }));
      expect(session).not.toBeInstanceOf(Promise);
      if (session instanceof Promise) continue;
      expect(sessions.pending(session)).toBe(false);
      expect(sessions.commit(session)).not.toBeInstanceOf(Promise);
    }
    expect(calls).toEqual([]);
  });

  it("a read-only request reads once, writes nothing, and is not delayed", async () => {
    const { sessions, calls } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "dark"));
    calls.length = 0;
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(session.get("theme")).toBe("dark");
    expect(sessions.pending(session)).toBe(false);
    expect(sessions.commit(session)).toMatchObject({ setCookies: [], varyCookie: true, affinityEnd: false });
    expect(calls).toEqual(["read"]);
  });

  it("varies by cookie only when the session was looked at", async () => {
    const { sessions } = createWorld();
    const untouched = await sessions.load(requestOf());
    expect((await sessions.commit(untouched)).varyCookie).toBe(false);
    const looked = await sessions.load(requestOf());
    expect([looked.userId, looked.level]).toEqual([undefined, 0]);
    expect((await sessions.commit(looked)).varyCookie).toBe(true);
  });

  it("one write for all of a request's operations", async () => {
    const { sessions, calls } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    calls.length = 0;
    await visit(sessions, client, (s) => {
      s.set("theme", "b");
      s.push("cart", "x");
      s.increment("count");
    });
    expect(calls).toEqual(["read", "write"]);
  });

  it("session.commit writes before the response, and what follows is written by the next commit", async () => {
    const { sessions } = createWorld();
    const client = createClient();
    await visit(sessions, client, async (s) => {
      s.set("theme", "a");
      await s.commit();
      expect(s.id).toMatch(/^[A-Za-z0-9_-]{43}$/);
      s.set("theme", "b");
      s.increment("count");
    });
    await visit(sessions, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual(["b", 1]));
  });
});

describe("conflicts", () => {
  async function raced(options: Parameters<typeof createWorld>[0]) {
    const world = createWorld(options);
    const client = createClient();
    await visit(world.sessions, client, (s) => s.set("theme", "old"));
    const slow = await world.sessions.load(requestOf({ cookie: client.cookie }));
    expect(slow.get("theme")).toBe("old");
    await visit(world.another(), client, (s) => s.set("theme", "theirs"));
    slow.set("theme", "mine");
    return { ...world, client, slow };
  }

  it("the last write wins and is reported", async () => {
    const { sessions, client, slow, events } = await raced({});
    await sessions.commit(slow);
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("mine"));
    expect(events.filter(({ type }) => type === "session.conflict")).toEqual([
      { type: "session.conflict", id: slow.id, key: "theme", atMs: expect.any(Number) },
    ]);
  });

  it("strict throws", async () => {
    const { sessions, client, slow } = await raced({ strict: true });
    expect((await failure(sessions.commit(slow))).code).toBe("SESSION_CONFLICT");
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("theirs"));
  });

  it("the hook chooses, knowing what was read, what stands there and what is wanted", async () => {
    const seen: unknown[] = [];
    const { sessions, client, slow } = await raced({
      onConflict: (conflict) => {
        seen.push(conflict);
        return `${conflict.stored}+${conflict.wanted}`;
      },
    });
    await sessions.commit(slow);
    expect(seen).toEqual([{ id: slow.id, key: "theme", read: "old", stored: "theirs", wanted: "mine" }]);
    await visit(sessions, client, (s) => expect(s.get("theme")).toBe("theirs+mine"));
  });

  it("a key that was not read, not changed, or changed by this request itself conflicts with nothing", async () => {
    const { sessions, another, events } = createWorld({ strict: true });
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "old"));
    const slow = await sessions.load(requestOf({ cookie: client.cookie }));
    await visit(another(), client, (s) => s.set("theme", "theirs"));
    slow.set("theme", "blind");
    expect(slow.get("theme")).toBe("blind");
    slow.set("theme", "again");
    await sessions.commit(slow);
    const other = await sessions.load(requestOf({ cookie: client.cookie }));
    expect(other.get("count")).toBeUndefined();
    await visit(another(), client, (s) => s.push("cart", "x"));
    other.set("count", 5);
    await sessions.commit(other);
    expect(events.some(({ type }) => type === "session.conflict")).toBe(false);
  });
});

describe("coalescing", () => {
  it("an operation that throws at replay fails only its own request", async () => {
    const { sessions, another, runtime } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("count", 1));
    const loaded = await Promise.all([1, 2, 3].map(async () => sessions.load(requestOf({ cookie: client.cookie }))));
    await visit(another(), client, (s) => s.set("theme", "x"));
    const [first, second, third] = loaded;
    first?.increment("count");
    let runs = 0;
    second?.update("theme", () => {
      runs++;
      if (runs > 1) throw new Error("not twice");
      return "y";
    });
    third?.increment("count");
    const commits = loaded.map(async (session) => sessions.commit(session));
    const outcomes = await drive(runtime, Promise.allSettled(commits));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await visit(sessions, client, (s) => expect([s.get("count"), s.get("theme")]).toEqual([3, "x"]));
  });

  it("commits of one session in one process share writes", async () => {
    const { sessions, calls, runtime } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("count", 0));
    const loaded = await Promise.all(
      [...Array(50)].map(async () => sessions.load(requestOf({ cookie: client.cookie }))),
    );
    calls.length = 0;
    for (const session of loaded) session.increment("count");
    await drive(runtime, Promise.all(loaded.map((session) => sessions.commit(session))));
    expect(calls).toEqual(["write", "write"]);
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(50));
  });

  it("a barrier is written alone, with those before it before and those after it after", async () => {
    const { sessions, calls, runtime } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("count", 0));
    const [a, b, rotating, c, d] = await Promise.all(
      [...Array(5)].map(async () => sessions.load(requestOf({ cookie: client.cookie }))),
    );
    const adding = [a, b, c, d].flatMap((session) => session ?? []);
    calls.length = 0;
    const commit = (session: Session<Shop>) => {
      session.increment("count");
      return sessions.commit(session);
    };
    const all = [...adding.slice(0, 2).map(commit), rotating?.rotate(), ...adding.slice(2).map(commit)];
    await drive(runtime, Promise.all(all));
    expect(calls).toEqual(["write", "write", "write", "write"]); // a; b; the rotation; c and d
    await visit(sessions, client, (s) => expect(s.get("count")).toBe(4));
  });

  it("clear is a barrier: a request that saw the data before cannot bring it back", async () => {
    const { sessions, runtime } = createWorld();
    const client = createClient();
    await visit(sessions, client, (s) => s.set("theme", "a"));
    const [clearing, adding] = await Promise.all(
      [1, 2].map(async () => sessions.load(requestOf({ cookie: client.cookie }))),
    );
    clearing?.clear();
    adding?.increment("count");
    const both = [adding, clearing].map(async (session) => session && sessions.commit(session));
    await drive(runtime, Promise.all(both));
    await visit(sessions, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual([undefined, undefined]));
    await turn();
  });
});
