import { expect, test } from "vitest";
import { decodeUserRecord, encodeUserRecord, isUserKey } from "../../src/record/user-record.ts";
import { type Client, createClient, createWorld, failure, visit, type World } from "./support.ts";

async function enter({ sessions }: World): Promise<Client> {
  const client = createClient();
  await visit(sessions, client, (session) => session.login("ada"));
  return client;
}

/** How many sessions the user record lists. */
async function listed({ store }: World): Promise<number> {
  for await (const keys of store.scan?.() ?? []) {
    for (const key of keys.filter(isUserKey)) {
      const stored = await store.read(key);
      return decodeUserRecord(stored?.bytes ?? new Uint8Array())?.entries.length ?? 0;
    }
  }
  return 0;
}

async function isAlive({ sessions }: World, client: Client | undefined): Promise<boolean> {
  return (await visit(sessions, createClient(client?.cookie), (session) => session.userId === "ada")).result;
}

/** The most calls of the store that one of `count` logins took. */
async function costliest(world: World, count: number, enterOne = () => enter(world)): Promise<number> {
  let most = 0;
  for (let i = 0; i < count; i++) {
    world.calls.length = 0;
    await enterOne();
    most = Math.max(most, world.calls.length);
  }
  return most;
}

/** The list goes on with copies of its last session, until it has `count`. */
async function fill({ store }: World, count: number): Promise<void> {
  for await (const keys of store.scan?.() ?? []) {
    const [userKey] = keys.filter(isUserKey);
    const stored = userKey === undefined ? undefined : await store.read(userKey);
    const record = decodeUserRecord(stored?.bytes ?? new Uint8Array());
    const last = record?.entries.at(-1);
    const session = last && (await store.read(last.key));
    if (userKey === undefined || stored === undefined || last === undefined || session === undefined) return;
    const entries = [...(record?.entries ?? [])];
    for (let i = entries.length; i < count; i++) {
      const key = `${String(i).padStart(42, "x")}A`;
      await store.write(key, session, "absent");
      entries.push({ ...last, key });
    }
    await store.write(
      userKey,
      { ...stored, bytes: encodeUserRecord({ generation: 1, userId: "ada", entries }) },
      stored.version,
    );
  }
}

test("without a limit of its own a user has 1,000, the oldest make room, and no login reads them all", async () => {
  const world = createWorld();
  const first = await enter(world);
  const second = await enter(world);
  await fill(world, 999);
  world.runtime.clock.advance(60_000);
  await enter(world);
  expect([await isAlive(world, first), await listed(world)]).toEqual([true, 1_000]);
  expect(await costliest(world, 40)).toBeLessThan(120);
  expect([await isAlive(world, first), await isAlive(world, second)]).toEqual([false, false]);
  expect(await world.sessions.list("ada")).toHaveLength(1_000);
  expect(await listed(world)).toBeLessThan(1_010);
  expect(world.events).toContainEqual(expect.objectContaining({ type: "session.limit", outcome: "ended-oldest" }));
  expect(String(world.sessions.policy())).toContain(
    "sessions a user: 1000; a login beyond them ends the user's oldest",
  );
});

test("what has ended by itself does not pile up on the list", async () => {
  const world = createWorld({ idle: "10m", absolute: "7d" });
  let most = 0;
  await costliest(world, 400, async () => {
    world.runtime.clock.advance(60_000);
    const client = await enter(world);
    most = Math.max(most, await listed(world));
    return client;
  });
  // Ten live at a time.
  expect(most).toBeLessThanOrEqual(160);
});

test("a limit that rejects does so only when it has looked at all", async () => {
  const world = createWorld({ absolute: "7d", idle: "7d", limit: { sessions: 150, onLimit: "reject" } });
  const clients: Client[] = [];
  for (let i = 0; i < 150; i++) clients.push(await enter(world));
  for (const gone of [0, 75, 149]) {
    world.runtime.clock.advance(60_000);
    expect((await failure(enter(world))).code).toBe("SESSION_LIMIT_REACHED");
    // Nobody takes it off the list, as at an end by time.
    const [info] = (await world.sessions.list("ada")).slice(gone);
    await world.store.delete(info?.id ?? "");
    await enter(world);
  }
});
