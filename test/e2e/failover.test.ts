import { afterEach, expect, test, vi } from "vitest";
import { type Answer, Client, inParallel } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";

interface Cart {
  readonly user: string | null;
  readonly items: readonly string[];
  readonly count: number;
}

// Five processes share two cores with whatever else runs there.
vi.setConfig({ testTimeout: 120_000 });

let cluster: Cluster;
let client: Client;

afterEach(() => client.close());

/** What a run of mixed requests did: 80 % reads, 20 % writes of items that are all different. */
class Tally {
  readonly acknowledged: string[] = [];
  readonly refused: { readonly item: string; readonly status: number }[] = [];
  readonly failedReads: number[] = [];
  readonly servedBy = new Map<string, number>();
  readonly stamps = new Set<string>();

  note(answer: Answer): void {
    const name = answer.servedBy ?? "balancer";
    this.servedBy.set(name, (this.servedBy.get(name) ?? 0) + 1);
    const stamp = client.cookies.get("sojourn_affinity");
    if (stamp !== undefined) this.stamps.add(stamp);
  }

  print(title: string, more: Record<string, unknown> = {}): void {
    console.log(
      `${title}: ${JSON.stringify({
        acknowledged: this.acknowledged.length,
        refusedPosts: this.refused.map((one) => one.status),
        failedGets: this.failedReads,
        servedBy: Object.fromEntries(this.servedBy),
        stamps: this.stamps.size,
        ...more,
      })}`,
    );
  }
}

/** At least this many requests, and more for as long as what began at request `at` is under way. */
async function drive(requests: number, parallel: number, at: number, event: () => Promise<unknown>) {
  const tally = new Tally();
  let under: Promise<unknown> | undefined;
  let underWay = true;
  const job = async (index: number) => {
    if (index === at) {
      under = event().finally(() => {
        underWay = false;
      });
      under.catch(() => {}); // raised below
    }
    if (index % 5 === 0) {
      const item = `item-${index}`;
      const answer = await client.post("/cart", { item });
      tally.note(answer);
      if (answer.status === 204) tally.acknowledged.push(item);
      else tally.refused.push({ item, status: answer.status });
    } else {
      const answer = await client.get("/cart");
      tally.note(answer);
      if (answer.status !== 200) tally.failedReads.push(answer.status);
    }
  };
  await inParallel(requests, parallel, job, () => underWay);
  await under;
  return tally;
}

/** Starts a cluster, logs in and binds the client. @returns the server that has it. */
async function start(tapped = false): Promise<string> {
  cluster = await startCluster({ tapped });
  client = new Client(cluster.origin);
  expect((await client.post("/login", { user: "ada" })).status).toBe(204);
  const answer = await client.get("/cart");
  expect(answer.status).toBe(200);
  expect(client.cookies.has("sojourn_affinity")).toBe(true);
  return answer.servedBy as string;
}

async function expectCartToHold(tally: Tally): Promise<void> {
  const cart = await client.json<Cart>("/cart");
  expect(cart.user).toBe("ada");
  expect(new Set(cart.items).size, "no item twice").toBe(cart.items.length);
  expect(cart.items).toEqual(expect.arrayContaining(tally.acknowledged));
  const known = new Set([...tally.acknowledged, ...tally.refused.map((one) => one.item)]);
  expect(cart.items.every((item) => known.has(item))).toBe(true);
  expect(cart.count).toBe(cart.items.length);
}

test("kill -9 of the bound server under load loses no read, no acknowledged write and no login", async () => {
  const home = await start(true);
  const stampBefore = client.cookies.get("sojourn_affinity");
  const killAt = 200 + Math.floor(Math.random() * 1_600);
  const tally = await drive(2_000, 50, killAt, () => cluster.shop(home).stop("SIGKILL"));
  const carried = tally.refused.filter((one) => cluster.shop(home).wire?.carried(`"${one.item}"`));
  const rescuer = (await client.get("/cart")).servedBy;
  const moved = await client.json<string[]>("/moved");
  tally.print("kill -9", { killAt, home, rescuer, refusedThatHadLeft: carried.length, movedSeen: moved.length });

  expect(tally.failedReads).toEqual([]);
  expect(tally.refused.filter((one) => one.status !== 502)).toEqual([]);
  expect(carried, "bytes of every refused write had left for the killed server").toEqual(tally.refused);
  expect(tally.acknowledged.length + tally.refused.length).toBe(400);
  await expectCartToHold(tally);
  expect(rescuer).not.toBe(home);
  expect(client.cookies.get("sojourn_affinity")).not.toBe(stampBefore);
  expect(moved.length).toBeGreaterThan(0);
  expect(moved.every((word) => /^from=[A-Za-z0-9_-]+; reason=down$/.test(word))).toBe(true);
});

test("a drain keeps bound clients, sends new ones elsewhere and loses nothing", async () => {
  const home = await start();
  const tally = await drive(600, 50, 200, () => cluster.set(home, "drain"));
  const newcomers = await Promise.all(
    Array.from({ length: 30 }, async () => {
      const newcomer = new Client(cluster.origin, 1);
      const answer = await newcomer.get("/cart");
      newcomer.close();
      return answer.servedBy;
    }),
  );
  tally.print("drain", { home, newcomers: Object.fromEntries(count(newcomers)) });

  expect(tally.failedReads).toEqual([]);
  expect(tally.refused).toEqual([]);
  expect([...tally.servedBy.keys()]).toEqual([home]);
  expect(newcomers).not.toContain(home);
  expect(newcomers).not.toContain(undefined);
  await expectCartToHold(tally);
});

test("a rolling restart of all three servers under load fails no request", async () => {
  await start();
  const restarted: string[] = [];
  const roll = async () => {
    for (const shop of cluster.shops) {
      await cluster.set(shop.name, "disable");
      await cluster.until(shop.name, (server) => server.inFlight === 0);
      await shop.stop("SIGTERM");
      await shop.start();
      await cluster.until(shop.name, (server) => server.health === "up");
      await cluster.set(shop.name, "enable");
      restarted.push(shop.name);
    }
  };
  const tally = await drive(600, 50, 100, roll);
  tally.print("rolling restart", { restarted });

  expect(restarted).toEqual(["shop-1", "shop-2", "shop-3"]);
  expect(tally.servedBy.size, "the client had to move").toBeGreaterThan(1);
  expect(tally.failedReads).toEqual([]);
  expect(tally.refused).toEqual([]);
  await expectCartToHold(tally);
});

function count(names: readonly (string | undefined)[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const name of names) counted.set(`${name}`, (counted.get(`${name}`) ?? 0) + 1);
  return counted;
}
