import { createHash } from "node:crypto";
import { MOVED_HEADER } from "@sojourn/core";
import type { Session } from "@sojourn/session";
import { expect, test } from "vitest";
import { createClient, requestOf, type Shop, visit } from "../../engine/support.ts";
import type { EveryStore } from "../fixtures/every-store.ts";
import { openNodes } from "../fixtures/nodes.ts";
import { userKeyOf } from "./record-forms.ts";

const USERS = ["ada@example.com", "bob@example.com", "cleo@example.com"];
const MARKER = "MARKER-of-what-is-private";
const HOUR = 3_600_000;

/** Whoever takes a copy of the whole store away can use no session, and with keys reads no data. */
export function dumpSuite(store: EveryStore): void {
  test.each(["sealed", "plain"] as const)("a dump after a busy hour yields no cookie (%s)", async (atRest) => {
    const { at, node, tokens, csrf, ids } = await busyHour(atRest);
    const dump = Buffer.concat([...(await at.dump())]);
    expect(
      ids.filter((id) => !dump.includes(id)),
      "keys of sessions are readable",
    ).toEqual([]);

    const secrets = [...tokens].flatMap((token) => {
      const bytes = Buffer.from(token, "base64url");
      return [bytes, bytes.subarray(0, 16), bytes.subarray(16)];
    });
    const found = (text: Buffer) =>
      [...secrets, ...csrf.map((each) => Buffer.from(each))].filter((each) => holds(text, each));
    expect(tokens.size).toBeGreaterThan(2 * USERS.length);
    expect(found(dump).length).toBe(0);
    // What would be found, if it were there.
    for (const form of ["latin1", "hex", "base64url", "base64"] as const) {
      expect(
        found(Buffer.from(`..${secrets[0]?.toString(form)}..`, form === "latin1" ? "latin1" : "utf8")).length,
      ).toBeGreaterThan(0);
    }

    // A token begins with a name whose hash is a key: no 16 bytes anywhere are one, nor any text that encodes 16.
    const keys = new Set(ids);
    const isName = (name: Buffer) => keys.has(createHash("sha256").update(name).digest("base64url"));
    expect(isName(secrets[1] ?? Buffer.alloc(0)), "the names are what is looked for").toBe(true);
    for (const bytes of [dump, ...decoded(dump)]) {
      for (let i = 0; i + 16 <= bytes.length; i++) {
        if (bytes.readBigUInt64LE(i) !== 0n && isName(bytes.subarray(i, i + 16))) expect.unreachable(`a name at ${i}`);
      }
    }
    // And through the front door, for some of them.
    const record = await at.raw(ids[0] ?? "");
    for (let i = 0; record !== undefined && i + 32 <= record.length; i += 8 * store.step) {
      const cookie = `__Host-session=${record.subarray(i, i + 32).toString("base64url")}`;
      expect((await node.sessions.load(requestOf({ cookie, headers: { [MOVED_HEADER]: "down" } }))).isNew).toBe(true);
    }
  });

  test("a dump of sealed records shows whose they are and how many, and nothing of what they hold", async () => {
    const { at } = await busyHour("sealed");
    const dump = Buffer.concat([...(await at.dump())]);
    for (const each of [MARKER, ...USERS, "Firefox", "192.0.2", "theme"]) {
      expect(holds(dump, Buffer.from(each)), each).toBe(false);
    }
    // Who knows a user's name finds the record of that user's sessions by it: its key is a plain hash.
    for (const user of USERS) expect(dump.includes(userKeyOf(user))).toBe(true);
  });

  test("and of plain records everything but cookies: the search finds what is there", async () => {
    const { at } = await busyHour("plain");
    const dump = Buffer.concat([...(await at.dump())]);
    for (const each of [MARKER, ...USERS]) expect(holds(dump, Buffer.from(each)), each).toBe(true);
  });

  /** Logins, rotations whose successor nobody has presented yet, CSRF seeds, elevations, logouts. */
  async function busyHour(atRest: "sealed" | "plain") {
    const at = await openNodes(store);
    const node = at.node({ atRest, idle: "3h", rotateAfter: "30m", csrf: "token", binding: "report" });
    const tokens = new Set<string>();
    const csrf: string[] = [];
    const ids: string[] = [];
    const headers = { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" };
    const clients = USERS.flatMap((user) => [0, 1].map(() => ({ user, client: createClient() })));
    const each = async (what: (at: number, user: string) => (session: Session<Shop>) => unknown) => {
      for (const [i, { user, client }] of clients.entries()) {
        await visit(node.sessions, client, what(i, user), { headers });
        if (client.value !== undefined) tokens.add(client.value);
      }
    };
    await each(() => (s) => s.set("theme", MARKER));
    await each((_, user) => async (s) => {
      csrf.push(s.csrfToken());
      await s.login(user);
      csrf.push(s.csrfToken());
      ids.push(s.id ?? "");
    });
    await at.advance(HOUR / 2);
    await each(() => () => {});
    await each((i) => (s) => (i % 2 === 0 ? s.elevate(2) : s.set("note", { text: MARKER, tags: [MARKER] })));
    await at.advance(HOUR / 2);
    // Successors that nobody presents any more.
    await each(() => (s) => s.rotate());
    await at.settled();
    const last = clients.at(-1);
    if (last !== undefined) await visit(node.sessions, last.client, (s) => s.logout(), { headers });
    return { at, node, tokens, csrf, ids: ids.slice(0, -1) };
  }
}

/** Whether some bytes stand there, as they are or written out, wherever in a base64 text they begin. */
function holds(dump: Buffer, bytes: Buffer): boolean {
  if (dump.includes(bytes) || dump.includes(bytes.toString("hex"))) return true;
  return [0, 1, 2].some((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    // Without the letters that share bits with what stands before and behind.
    const inner = text.replace(/=+$/, "").slice(shift === 0 ? 0 : shift + 1, -1);
    return dump.includes(inner) || dump.includes(inner.replaceAll("+", "-").replaceAll("/", "_"));
  });
}

/** What the texts of a dump come to that may be base64 or hex, however they begin. */
function decoded(dump: Buffer): Buffer[] {
  const texts = dump.toString("latin1").match(/[\w+/-]{22,}/g) ?? [];
  return texts.flatMap((text) => [
    ...[0, 1, 2, 3].map((from) => Buffer.from(text.slice(from), "base64")),
    ...[0, 1].map((from) => Buffer.from(text.slice(from), "hex")),
  ]);
}
