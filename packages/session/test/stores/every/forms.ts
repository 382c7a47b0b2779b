import { expect, test } from "vitest";
import { createClient, failure, KEY_B, requestOf, visit } from "../../engine/support.ts";
import type { EveryStore } from "../fixtures/every-store.ts";
import { openLoggedIn, rawOf } from "../fixtures/nodes.ts";
import { inEarlierLayout, sealedAt, userKeyOf } from "./record-forms.ts";

/** Records that another configuration, another release or another session's owner has written. */
export function formsSuite(store: EveryStore): void {
  test("data of an earlier version is migrated, and that of a later one is refused and left alone", async () => {
    const { at, sessions, client, id } = await openLoggedIn(store);
    const migrate = (data: object, from: number) => ({ ...data, note: { text: `from ${from}`, tags: [] } });
    const later = at.node({ version: 2, migrate }).sessions;
    await visit(later, client, (s) => {
      expect([s.userId, s.get("theme"), s.get("note")?.text]).toEqual(["ada", "before", "from 1"]);
      s.increment("count");
    });
    const written = await at.raw(id);
    const newer = { code: "SESSION_DATA_NEWER", status: 503, retryable: true };
    for (const earlier of [sessions, at.node().sessions]) {
      if (store.name === "tiered") await at.advance(6_000);
      expect(await failure(earlier.load(requestOf({ cookie: client.cookie })))).toMatchObject(newer);
    }
    expect(await at.raw(id)).toEqual(written);
    await visit(later, client, (s) =>
      expect([s.userId, s.get("count"), s.get("note")?.text]).toEqual(["ada", 1, "from 1"]),
    );
  });

  test("a record of the earlier layout is read, and the next write is of today's", async () => {
    const { at, sessions, client, id } = await openLoggedIn(store);
    const raw = await rawOf(at, id);
    await at.put(id, await inEarlierLayout(id, raw, { theme: "old", count: 41 }));
    await visit(sessions, client, (s) => {
      expect([s.userId, s.get("theme"), s.get("count")]).toEqual(["ada", "old", 41]);
      s.increment("count");
    });
    await visit(at.node().sessions, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual(["old", 42]));
  });

  test("what is sealed under an unknown key is 503, for its session and its user's logins, and is left alone", async () => {
    const { at, client, id } = await openLoggedIn(store);
    const before = [await at.raw(id), await at.raw(userKeyOf("ada"))];
    const stranger = at.node({ keys: KEY_B });
    const unknown = { code: "SESSION_KEY_UNKNOWN", status: 503, retryable: true };
    const login = async () => (await stranger.sessions.load(requestOf())).login("ada");
    const calls = [
      () => stranger.sessions.load(requestOf({ cookie: client.cookie })),
      login,
      () => stranger.sessions.list("ada"),
      () => stranger.sessions.revokeUser("ada"),
    ];
    for (const call of calls) expect(await failure(call())).toMatchObject(unknown);
    expect(stranger.events.map((event) => ("reason" in event ? event.reason : event.type))).toEqual(
      calls.map(() => "unknown-key"),
    );
    expect([await at.raw(id), await at.raw(userKeyOf("ada"))]).toEqual(before);
    await visit(at.node().sessions, client, (s) => expect([s.userId, s.get("theme")]).toEqual(["ada", "before"]));
    // Whoever has lost the key for good ends what nobody can open.
    await stranger.sessions.revokeAll();
    await login();
    expect(await at.raw(id)).toBeUndefined();
  });

  test("a plain record under a sealed configuration is no session, and a sealed one under a plain one is 503", async () => {
    const { at, client, id } = await openLoggedIn(store, { atRest: "plain" });
    const plain = await at.raw(id);
    const sealed = at.node();
    const attempt = createClient(client.cookie);
    await visit(sealed.sessions, attempt, (s) => expect(s.isNew).toBe(true));
    expect(sealed.events).toEqual([expect.objectContaining({ type: "session.unreadable", id, reason: "plain" })]);
    expect([attempt.cookie, await at.raw(id)]).toEqual([client.cookie, plain]);
    await visit(at.node({ acceptPlain: true }).sessions, client, (s) => s.set("count", 1));
    await visit(at.node().sessions, client, (s) => expect([s.get("theme"), s.get("count")]).toEqual(["before", 1]));
    const opener = at.node({ atRest: "plain" });
    const found = await at.raw(id);
    expect(await failure(opener.sessions.load(requestOf({ cookie: client.cookie })))).toMatchObject({
      code: "SESSION_KEY_UNKNOWN",
    });
    expect(await at.raw(id)).toEqual(found);
  });

  test("a record or a list moved from another's key opens for nobody", async () => {
    const { at, client, id } = await openLoggedIn(store);
    const theirs = createClient();
    const { result: other } = await visit(at.node().sessions, theirs, async (s) => {
      await s.login("eve");
      return s.id ?? "";
    });
    const mine = await rawOf(at, id);
    await at.put(id, await rawOf(at, other));
    const node = at.node();
    await visit(node.sessions, createClient(client.cookie), (s) => expect(s.isNew).toBe(true));
    expect(node.events).toEqual([expect.objectContaining({ type: "session.unreadable", id, reason: "forged" })]);
    await at.put(id, mine);
    await at.put(userKeyOf("eve"), await rawOf(at, userKeyOf("ada")));
    expect((await node.sessions.list("eve")).map((each) => each.id)).toEqual([other]);
    await node.sessions.revokeUser("eve", { wait: false });
    await visit(at.node().sessions, client, (s) => expect(s.userId).toBe("ada"));
    expect(sealedAt(mine)).toBeGreaterThanOrEqual(0);
  });
}
