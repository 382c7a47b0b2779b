import { MOVED_HEADER } from "@sojourn/core";
import { expect, test } from "vitest";
import { type Client, createClient, failure, KEY_A, KEY_B, visit } from "../../engine/support.ts";
import type { EveryStore } from "../fixtures/every-store.ts";
import { openNodes } from "../fixtures/nodes.ts";
import { sealedAt } from "./record-forms.ts";

/** The rings of docs/guide/keys.md, as `keygen --add` and `keygen --promote` print them. */
const ADDED = `${KEY_A},opens:${KEY_B}`;
const PROMOTED = `${KEY_B},opens:${KEY_A}`;
const HOUR = 3_600_000;
const PAST_COPIES = { headers: { [MOVED_HEADER]: "down" } };

/** A ring that changes while requests arrive, server by server, logs nobody out. */
export function keyRotationSuite(store: EveryStore): void {
  test("the procedure of the guide, under load, loses no session and no write", async () => {
    const at = await openNodes(store);
    const options = { idle: "6h", absolute: "12h", rotateAfter: "1h" } as const;
    const server = (keys: string) => at.node({ ...options, keys });
    const clients = Array.from({ length: 6 }, (_, i) => ({ user: `user-${i % 3}`, client: createClient(), count: 0 }));
    const ids = new Map<Client, string>();
    const quiet = createClient();

    /** Everybody at once, on both servers: each request reads and writes what the last left. */
    const load = async (servers: readonly ReturnType<typeof server>[], lists = true) => {
      for (const { sessions } of servers) {
        await Promise.all(
          clients.map(async (each) => {
            await visit(
              sessions,
              each.client,
              (s) => {
                expect([s.userId, s.get("count") ?? 0]).toEqual([each.user, each.count]);
                s.increment("count");
              },
              PAST_COPIES,
            );
            each.count += 1;
          }),
        );
        await at.settled();
      }
      const [first] = servers;
      if (!lists) return;
      for (const user of ["user-0", "user-1", "user-2"]) expect(await first?.sessions.list(user)).toHaveLength(2);
    };

    const old = [server(KEY_A), server(KEY_A)] as const;
    for (const { user, client } of clients) {
      const { result } = await visit(old[0].sessions, client, async (s) => {
        await s.login(user);
        return s.id ?? "";
      });
      ids.set(client, result);
    }
    await load(old);
    // Added: one server after the other.
    const added = [server(ADDED), server(ADDED)] as const;
    await load([added[0], old[1]]);
    await load(added);
    // Promoted: one seals with the new key while the other still seals with the old one.
    const promoted = [server(PROMOTED), server(PROMOTED)] as const;
    await load([promoted[0], added[1]]);
    await at.advance(HOUR);
    await load([promoted[0], added[1]]);
    await load([added[1], promoted[0]]);
    // The last that is sealed under the old key, a moment before the last server is promoted.
    const { result: late } = await visit(added[1].sessions, quiet, async (s) => {
      await s.login("quiet");
      return s.id ?? "";
    });
    await load(promoted);
    for (const id of ids.values()) expect(await keyOf(at, id)).toBe("bbbbbbbb");
    expect(await keyOf(at, late)).toBe("aaaaaaaa");
    await visit(promoted[1].sessions, quiet, (s) => expect(s.userId).toBe("quiet"), PAST_COPIES);

    // Too early, the guide says: what is still sealed under the old key is 503, and is there when the key is.
    const hasty = server(KEY_B);
    await load([hasty], false);
    expect(await failure(hasty.sessions.list("user-0"))).toMatchObject({ code: "SESSION_KEY_UNKNOWN" });
    expect(
      await failure(visit(hasty.sessions, createClient(quiet.cookie), () => undefined, PAST_COPIES)),
    ).toMatchObject({
      code: "SESSION_KEY_UNKNOWN",
    });
    await visit(promoted[0].sessions, quiet, (s) => expect(s.userId).toBe("quiet"), PAST_COPIES);

    // The longest `absolute` later there is nothing left that the old key must open: not the lists of users either.
    for (let passed = 0; passed < 12; passed += 4) {
      await at.advance(4 * HOUR);
      if (passed < 4) await load(promoted);
    }
    const { sessions, events } = server(KEY_B);
    for (const user of ["quiet", "user-0"]) {
      const client = createClient(quiet.cookie);
      await visit(sessions, client, (s) => s.login(user), PAST_COPIES);
      await at.settled();
      expect(await sessions.list(user)).toHaveLength(1);
    }
    expect(events.map(({ type }) => type)).not.toContain("session.unreadable");
  });
}

/** Id of the key that a record is sealed under. */
async function keyOf(at: { raw(key: string): Promise<Buffer | undefined> }, id: string): Promise<string> {
  const raw = (await at.raw(id)) ?? Buffer.alloc(0);
  return raw.subarray(sealedAt(raw) + 1, sealedAt(raw) + 5).toString("hex");
}
