import { isSojournError, MOVED_HEADER } from "@sojourn/core";
import type { Session } from "@sojourn/session";
import { expect, test } from "vitest";
import { expectTyped, outcome } from "../../bad-input/wrong-values.ts";
import { createClient, failure, requestOf, type Shop, visit } from "../../engine/support.ts";
import type { EveryStore } from "../fixtures/every-store.ts";
import { type Node, openLoggedIn, rawOf } from "../fixtures/nodes.ts";
import { userKeyOf } from "./record-forms.ts";

/** Requests that a tiered store does not serve by a copy. */
const PAST_COPIES = { headers: { [MOVED_HEADER]: "down" } };

/** A record that is not as it was written: no session or a typed error, an event, and nothing is written over it. */
export function damageSuite(store: EveryStore): void {
  test("a record with one bit turned over, or cut off at any length, is no session or a typed error", async () => {
    const { at, node, client, id } = await openLoggedIn(store);
    const whole = await rawOf(at, id);
    const seen = new Map<string, number>();
    const places = placesIn(whole, store.step);
    const damaged = [
      ...places.map((i) => [`bit ${i % 8} of byte ${i}`, turned(whole, i)] as const),
      ...places.map((length) => [`cut to ${length}`, whole.subarray(0, length)] as const),
    ];
    for (const [what, bytes] of damaged) {
      await at.put(id, bytes);
      const said = await loaded(node, client.cookie, what);
      seen.set(said, (seen.get(said) ?? 0) + 1);
      expect((await rawOf(at, id)).equals(bytes), `${what} is left as it is`).toBe(true);
    }
    expect(seen.get("no session")).toBeGreaterThan(places.length);
    if (store.step === 1) expect(seen.get("SESSION_KEY_UNKNOWN"), "each byte of the key id").toBe(4);
    // What surrounds the record is not sealed: the version may be another, and the deadline is checked by the record.
    expect(seen.get("served") ?? 0).toBeLessThan(store.name === "redis" || store.name === "tiered" ? 25 : 1);
    await at.put(id, whole);
    const asBefore = (s: Session<Shop>) => expect([s.userId, s.get("theme")]).toEqual(["ada", "before"]);
    await visit(node.sessions, client, asBefore, PAST_COPIES);
  });

  test("a plain record that is cut off is no session or a typed error, with an event", async () => {
    const { at, node, client, id } = await openLoggedIn(store, { atRest: "plain" });
    const whole = await rawOf(at, id);
    for (const length of placesIn(whole, store.step)) {
      await at.put(id, whole.subarray(0, length));
      await loaded(node, client.cookie, `cut to ${length}`, true);
      expect((await rawOf(at, id)).length).toBe(length);
    }
    await at.put(id, whole);
    const asBefore = (s: Session<Shop>) => expect([s.userId, s.get("theme")]).toEqual(["ada", "before"]);
    await visit(node.sessions, client, asBefore, PAST_COPIES);
  });

  test("whatever somebody else has put there is left alone, and holds up nobody else", async () => {
    const { at, node, client, id } = await openLoggedIn(store);
    const other = createClient();
    await visit(node.sessions, other, (s) => s.login("bob"));
    const others = ["", '{"cookie":{},"user":"eve"}', "\x89PNG\r\n\x1a\n", "\x01".repeat(200)].map(
      (text) => () => at.put(id, Buffer.from(text, "latin1")),
    );
    for (const put of [...others, ...(at.putForeign === undefined ? [] : [() => at.putForeign?.(id)])]) {
      await put();
      // More of them in a row than open the breaker.
      for (let i = 0; i < 6; i++) await loaded(node, client.cookie, String(put));
      await visit(node.sessions, other, (s) => expect(s.userId).toBe("bob"), PAST_COPIES);
    }
  });

  test("a damaged list of a user's sessions is made anew from them, and one under another key is left alone", async () => {
    const { at, node, client, id } = await openLoggedIn(store);
    const second = createClient();
    const { result: other } = await visit(node.sessions, second, async (s) => {
      await s.login("ada");
      return s.id ?? "";
    });
    const key = userKeyOf("ada");
    const whole = await rawOf(at, key);
    const keyAt = whole.indexOf(Buffer.from([1, 0xaa, 0xaa, 0xaa, 0xaa])) + 1;
    for (let i = 1; i < whole.length; i += 1 + 2 * store.step) {
      for (const bytes of [turned(whole, i), whole.subarray(0, i)]) {
        await at.put(key, bytes);
        const what = `byte ${i} of ${bytes.length}`;
        if (isOfOthers(whole, keyAt, i) && bytes.length > i) {
          expect(await failure(node.sessions.list("ada")), what).toMatchObject({ status: 503 });
          expect((await rawOf(at, key)).equals(bytes), what).toBe(true);
          continue;
        }
        const listed = (await node.sessions.list("ada")).map((each) => each.id).sort();
        expect(listed, what).toEqual([id, other].sort());
      }
    }
    const elsewhere = Buffer.from(whole);
    elsewhere[keyAt] = 0xbb;
    await at.put(key, elsewhere);
    expect(await failure(node.sessions.list("ada"))).toMatchObject({ code: "SESSION_KEY_UNKNOWN", status: 503 });
    const session = await node.sessions.load(requestOf());
    expect(await failure(session.login("ada"))).toMatchObject({ code: "SESSION_KEY_UNKNOWN" });
    expect((await rawOf(at, key)).equals(elsewhere)).toBe(true);
    await at.put(key, turned(whole, whole.length - 1));
    expect(await node.sessions.revokeUser("ada", { wait: false })).toBe(2);
    for (const each of [client, second]) await visit(node.sessions, each, (s) => expect(s.isNew).toBe(true));
  });
}

/** What a request comes to that presents the session's token. */
async function loaded({ sessions, events }: Node, cookie: string | undefined, what: string, plain = false) {
  events.length = 0;
  let served = false;
  let told = "no session";
  const error = await outcome(async () => {
    const session = await sessions.load(requestOf({ cookie, ...PAST_COPIES }));
    served = !session.isNew;
    const theme = session.get("theme");
    if (served && !plain) expect([session.userId, theme], what).toEqual(["ada", "before"]);
    expect((await sessions.commit(session)).setCookies, what).toEqual([]);
  });
  if (error !== undefined) {
    if (isSojournError(error)) expect(error.code, what).toMatch(/^SESSION_/);
    expectTyped(error, what);
    told = error.code;
  } else if (served) told = "served";
  if (!served)
    expect(events.map(({ type }) => type).join(), `${what}: ${told}`).toMatch(/unreadable|unknown-token|down/);
  return told;
}

/** A key id that this server does not have, or the mark of a newer release in front of the record. */
function isOfOthers(whole: Buffer, keyAt: number, i: number): boolean {
  return (i >= keyAt && i < keyAt + 4) || (i === 1 && whole.toString("latin1", 0, 2) === "S1");
}

const placesIn = (bytes: Buffer, step: number) => [...bytes.keys()].filter((i) => i % step === 0);

function turned(whole: Buffer, at: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
  return bytes;
}
