import { isSojournError } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { redisStore } from "@sojourn/session/stores/redis";
import { expect, it, onTestFinished } from "vitest";
import { type LaunchedRedis, startRedisCluster, startRedisSentinel } from "../../../../test/fixtures/redis.ts";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, visit } from "../engine/support.ts";
import { CLUSTER_CLIENTS, type Connected, SENTINEL_CLIENTS } from "./redis-clients.ts";

const USERS = 4;
const ENDS = 12;
const DEADLINE_MS = 1_000;
/** A call, the read that settles it, and one more of each where a copy may be sent again. */
const LONGEST_MS = 4 * DEADLINE_MS + 2_000;

/** What a server and its clients saw of a fail-over. */
interface Seen {
  /** Pushes that were answered as done, and what stands there at last. */
  readonly pushed: Map<string, { readonly told: string[]; kept: readonly string[] }>;
  /** Sessions whose logout was answered as done, and of those the ones that came back. */
  ended: number;
  readonly revived: string[];
  /** Ends that were not answered as done, and of those the ones that live. */
  unsure: number;
  unsureAlive: number;
  readonly errors: Set<string>;
  longestMs: number;
}

/**
 * A server that pushes and logs out, before, while and after a primary is killed, until it is served again. It is never
 * restarted.
 */
async function through(name: string, { client, destroy }: Connected, kill: Kill): Promise<Seen> {
  onTestFinished(destroy);
  const store = redisStore(client, { prefix: `${name}:`, replicas: 1, replicasWithin: "500ms" });
  const sessions = createSessions<Shop>({
    store,
    keys: KEY_A,
    env: {},
    breaker: false,
    storeDeadline: `${DEADLINE_MS}ms`,
    commitWithin: `${DEADLINE_MS}ms`,
  });
  const seen: Seen = {
    pushed: new Map(),
    ended: 0,
    revived: [],
    unsure: 0,
    unsureAlive: 0,
    errors: new Set(),
    longestMs: 0,
  };
  let killed = false;
  void kill.killed.then(() => {
    killed = true;
  });

  /** @returns whether it was done. Whatever else is a typed, retryable refusal within the deadline. */
  async function tried(work: () => Promise<unknown>): Promise<boolean> {
    const startedAt = performance.now();
    try {
      await work();
      return true;
    } catch (error) {
      if (!isSojournError(error) || error.status !== 503) throw error;
      seen.errors.add(error.code);
      return false;
    } finally {
      seen.longestMs = Math.max(seen.longestMs, performance.now() - startedAt);
    }
  }

  const shoppers = Array.from({ length: USERS }, () => createClient());
  const leavers = Array.from({ length: ENDS }, () => createClient());
  for (const each of [...shoppers, ...leavers]) await visit(sessions, each, (s) => s.push("cart", "first"));
  const cookies = new Map(leavers.map((leaver) => [leaver, leaver.cookie]));

  async function shop(shopper: ReturnType<typeof createClient>, i: number) {
    const told: string[] = [];
    seen.pushed.set(`${i}`, { told, kept: [] });
    // Five more once it is served again.
    for (let n = 0, after = 0; after < 5 && n < 3_000; n++) {
      const done = await tried(() => visit(sessions, createClient(shopper.cookie), (s) => s.push("cart", `${i}.${n}`)));
      if (done) told.push(`${i}.${n}`);
      if (done && killed) after++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const answers = new Map<unknown, boolean>();
  async function leave() {
    const logout = async (leaver: (typeof leavers)[number]) =>
      answers.set(leaver, await tried(() => visit(sessions, leaver, (s) => s.logout())));
    for (const leaver of leavers.slice(0, ENDS / 2)) await logout(leaver);
    kill.ready();
    // Some on their way when it dies, and the others while it is dead.
    const atOnce = leavers.slice(ENDS / 2, (ENDS * 3) / 4).map(logout);
    await kill.killed;
    await Promise.all([...atOnce, ...leavers.slice((ENDS * 3) / 4).map(logout)]);
  }
  await Promise.all([...shoppers.map(shop), leave()]);

  /** Its own connections may all have found their servers again only by now. */
  async function cartOf(cookie: string | undefined): Promise<readonly string[] | undefined> {
    let cart: readonly string[] | undefined;
    const read = async () => {
      cart = (await visit(sessions, createClient(cookie), (s) => s.get("cart"))).result;
    };
    for (let left = 20; !(await tried(read)); left--) if (left === 0) expect.unreachable(`${name} is not served again`);
    return cart;
  }
  for (const [i, shopper] of shoppers.entries()) {
    const result = await cartOf(shopper.cookie);
    const one = seen.pushed.get(`${i}`);
    if (one !== undefined) one.kept = (result ?? []).filter((item) => item !== "first");
  }
  for (const [leaver, cookie] of cookies) {
    const alive = (await cartOf(cookie)) !== undefined;
    const confirmed = answers.get(leaver) === true;
    if (confirmed) seen.ended++;
    else seen.unsure++;
    if (alive && confirmed) seen.revived.push("a session that was ended");
    if (alive && !confirmed) seen.unsureAlive++;
  }
  return seen;
}

function judge(name: string, seen: Seen): string {
  expect(seen.revived, `${name}: ended for certain, and alive`).toEqual([]);
  expect(seen.ended).toBeGreaterThan(0);
  expect(seen.longestMs).toBeLessThan(LONGEST_MS);
  let lost = 0;
  let told = 0;
  for (const { kept, told: answered } of seen.pushed.values()) {
    expect(new Set(kept).size, `${name}: applied twice`).toBe(kept.length);
    expect(answered.slice(-5).every((item) => kept.includes(item))).toBe(true);
    told += answered.length;
    lost += answered.filter((item) => !kept.includes(item)).length;
  }
  const ends = `${seen.ended} ends confirmed, none came back; ${seen.unsure} unsure, ${seen.unsureAlive} of them alive`;
  return `${name}: ${ends}; ${lost} of ${told} pushes lost; ${[...seen.errors].join(" ")}; ${Math.round(seen.longestMs)} ms at most`;
}

interface Kill {
  readonly killed: Promise<void>;
  /** To be called by every server that has sessions and is at work. */
  ready(): void;
}

/** Kills once all are at work. */
function killing(server: LaunchedRedis, servers: number): Kill {
  let missing = servers;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  return {
    killed: begun.then(() => server.crash()),
    ready: () => {
      missing -= 1;
      if (missing === 0) begin();
    },
  };
}

async function failOver<To>(
  to: To,
  primary: LaunchedRedis,
  clients: readonly (readonly [name: string, connect: (to: To) => Promise<Connected>])[],
): Promise<string[]> {
  const kill = killing(primary, clients.length);
  const connected = await Promise.all(clients.map(([, connect]) => connect(to)));
  const seen = await Promise.all(connected.map((each, i) => through(clients[i]?.[0] ?? "", each, kill)));
  return seen.map((each, i) => judge(clients[i]?.[0] ?? "", each));
}

requireServer("redis")("a primary that is killed", () => {
  it("under Sentinels: no confirmed end comes back, nothing is done twice, every server goes on", async ({
    annotate,
  }) => {
    const started = await startRedisSentinel();
    const told = await failOver(started, started.primary, SENTINEL_CLIENTS);
    for (const line of told) await annotate(line);
  });

  // redis 5 forgets the slots of a Cluster whose primary has died ("reading 'replicas'"), until it is made anew.
  const recovering = CLUSTER_CLIENTS.filter(([name]) => name !== "redis 5");

  it("in a Cluster: the same", async ({ annotate }) => {
    const started = await startRedisCluster();
    const [first] = started.servers;
    if (first === undefined) throw new Error("it has no servers");
    const told = await failOver(started, first, recovering);
    for (const line of told) await annotate(line);
  });
});
