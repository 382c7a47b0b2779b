import { MOVED_HEADER } from "@sojourn/core";
import { expect, test } from "vitest";
import { createClient, failure, requestOf, visit } from "../../engine/support.ts";
import type { EveryStore } from "../fixtures/every-store.ts";
import { type Node, openNodes } from "../fixtures/nodes.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SKEW = 5 * MINUTE;
/** What two sides may differ by: DynamoDB tells its time in seconds. */
const NEAR = 2_000;
const OPTIONS = { idle: "2h", absolute: "5h", rotateAfter: "1h", grace: "1m" } as const;

/**
 * Processes whose clocks are wrong by five minutes. Where the store has a clock, all go by it. Where it has none, each
 * goes by its own, and what one of them sees differs by as much as its clock does, never by more.
 */
export function skewSuite(store: EveryStore): void {
  const own = store.clock === "each process's";

  test("idle and absolute end, and the sweep, come when the store's clock says so", async () => {
    const { at, all, ahead, behind } = await open();
    for (const maker of all) {
      const { client, id } = await login(maker);
      const expected = at.time.now() + (own ? maker.skewMs : 0) + 2 * HOUR;
      // Whose clock is ahead takes activity for later than its maker does.
      const within = own ? 2 * SKEW + NEAR : NEAR;
      for (const { sessions } of all) {
        await visit(sessions, createClient(client.cookie), (s) =>
          expect(Math.abs(Number(s.expiresAt) - expected)).toBeLessThan(within),
        );
        const [info] = await sessions.list(maker.user);
        expect([info?.id, Math.abs(Number(info?.expiresAt) - expected) < within]).toEqual([id, true]);
      }
    }
    const idle = await login(ahead);
    const kept = await login(behind);
    await at.advance(2 * HOUR - SKEW - MINUTE);
    for (const each of all) {
      await visit(each.sessions, createClient(kept.client.cookie), (s) => expect(s.userId).toBe(behind.user));
      await at.settled();
    }
    await at.advance(MINUTE + SKEW + (own ? 2 * SKEW : 0) + NEAR);
    for (const each of all) expect(await isOver(each, idle.client.cookie)).toBe(true);
    for (const each of all) expect(await isOver(each, kept.client.cookie)).toBe(false);
    for (let i = 0; i < 3; i++) {
      await visit(ahead.sessions, kept.client);
      await at.settled();
      expect(await ahead.sessions.sweep(1_000)).toBeGreaterThanOrEqual(0);
      expect(await isOver(behind, kept.client.cookie)).toBe(false);
      await at.advance(40 * MINUTE);
    }
    await at.advance(HOUR + 2 * SKEW);
    for (const each of all) expect(await isOver(each, kept.client.cookie)).toBe(true);
  });

  test("tokens are replaced, and old ones work on, by one clock", async () => {
    const { at, all, right, ahead, behind } = await open();
    const off = own ? SKEW : 0;
    const { client } = await login(right);
    const first = client.cookie;
    await at.advance(HOUR - off - NEAR);
    await visit(ahead.sessions, client);
    expect(client.cookie, "not yet due").toBe(first);
    await at.advance(2 * off + 2 * NEAR);
    await visit(behind.sessions, client);
    expect(client.cookie, "due").not.toBe(first);
    const second = client.cookie;
    for (const { sessions } of all) {
      const other = createClient(first);
      await visit(sessions, other, (s) => expect(s.isNew).toBe(false));
      expect(other.cookie, "the same successor").toBe(second);
    }
    await visit(ahead.sessions, client);
    await at.settled();
    await pastCopies(at);
    await at.advance(40_000);
    // Without a clock in common, grace is as wrong as the clocks are: for the process behind it lasts longer.
    for (const each of own ? [ahead, behind] : all) expect(await isOver(each, first)).toBe(false);
    await at.advance(MINUTE + off);
    const finder = own ? ahead : behind;
    expect(await isOver(finder, first)).toBe(true);
    expect(finder.events.map(({ type }) => type)).toContain("session.reuse");
    for (const each of all) expect(await isOver(each, second), "its thief is logged out, too").toBe(true);
  });

  test("a proof of identity is fresh for as long everywhere", async () => {
    const { at, all } = await open();
    const off = own ? SKEW : 0;
    for (const maker of all) {
      const { client } = await login(maker);
      const proof = async ({ sessions }: Node) => {
        const session = await sessions.load(requestOf({ cookie: client.cookie }));
        return sessions.requireFresh(session, "15m");
      };
      await at.advance(15 * MINUTE - 2 * off - NEAR);
      // Without a clock in common, one that seems to come from the future counts for nothing: that is the safe side.
      if (!own) for (const each of all) await proof(each);
      await at.advance(4 * off + 2 * NEAR);
      for (const each of all) expect(await failure(proof(each))).toMatchObject({ code: "SESSION_NOT_FRESH" });
    }
  });

  test("a revocation on one process ends what others began, and not what they begin after it", async () => {
    const { at, all, ahead, behind } = await open();
    for (const [maker, revoker] of [
      [ahead, behind],
      [behind, ahead],
    ] as const) {
      const before = await login(maker, "zoe");
      await revoker.sessions.revokeUser("zoe", { wait: false });
      await at.settled();
      expect(await isOver(maker, before.client.cookie)).toBe(true);
      const after = await login(maker, "zoe");
      for (const each of all) {
        expect(await isOver(each, after.client.cookie)).toBe(false);
        expect((await each.sessions.list("zoe")).map(({ id }) => id)).toEqual([after.id]);
      }
    }
  });

  async function open() {
    const at = await openNodes(store);
    const made = (skewMs: number, user: string) => ({ ...at.node({ ...OPTIONS, skewMs }), skewMs, user });
    // One process has one clock: where a store cannot be shared, nobody differs.
    const [right, ahead, behind] =
      store.name === "memory"
        ? [made(0, "ada"), made(0, "bob"), made(0, "cleo")]
        : [made(0, "ada"), made(SKEW, "bob"), made(-SKEW, "cleo")];
    return { at, right, ahead, behind, all: [right, ahead, behind] };
  }

  async function login({ sessions, user }: Node & { readonly user: string }, as = user) {
    const client = createClient();
    const { result: id } = await visit(sessions, client, async (s) => {
      await s.login(as);
      return s.id ?? "";
    });
    return { client, id };
  }

  async function isOver({ sessions }: Node, cookie: string | undefined): Promise<boolean> {
    return (await sessions.load(requestOf({ cookie, headers: { [MOVED_HEADER]: "down" } }))).isNew;
  }

  async function pastCopies(at: { advance(ms: number): Promise<void> }): Promise<void> {
    if (store.name === "tiered") await at.advance(6_000);
  }
}
