import { expect, test, vi } from "vitest";
import { Client, inParallel } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";

interface Cart {
  readonly user: string | null;
  readonly items: readonly string[];
  readonly count: number;
}

// Five processes share two cores with whatever else runs there.
vi.setConfig({ testTimeout: 120_000 });

/** One client per server, all with the cookies of the same login; requests go past the balancer. */
async function threeDoors(cluster: Cluster): Promise<{ login: Client; doors: readonly Client[] }> {
  const login = new Client(cluster.shops[0].origin);
  expect((await login.post("/login", { user: "ada" })).status).toBe(204);
  return { login, doors: cluster.shops.map((shop) => login.fork(shop.origin)) };
}

test("200 parallel requests on three servers keep 200 items and count to 200", async () => {
  const cluster = await startCluster();
  const { login, doors } = await threeDoors(cluster);
  const statuses = new Map<number, number>();
  await inParallel(200, 200, async (index) => {
    const answer = await (doors[index % 3] as Client).post("/cart", { item: `item-${index}` });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
  });
  const cart = await login.json<Cart>("/cart");
  console.log(
    `parallel adds: ${JSON.stringify({ statuses: Object.fromEntries(statuses), kept: cart.items.length, count: cart.count })}`,
  );
  expect(Object.fromEntries(statuses)).toEqual({ 204: 200 });
  expect(new Set(cart.items).size).toBe(200);
  expect(cart.items.length).toBe(200);
  expect(cart.count).toBe(200);
});

test("logout is final: slow requests in flight on other servers do not bring the session back", async () => {
  const cluster = await startCluster();
  const { login, doors } = await threeDoors(cluster);
  const [, second, third] = doors as [Client, Client, Client];
  const old = login.fork(cluster.shops[0].origin);
  const held = Promise.all([cluster.shops[1].holds(5), cluster.shops[2].holds(5)]);
  const slow = [second, third].flatMap((door) =>
    Array.from({ length: 5 }, (_, i) => door.post("/slow", { item: `slow-${i}` })),
  );
  await held;
  expect((await login.post("/logout")).status).toBe(204);
  cluster.shops[1].release();
  cluster.shops[2].release();
  const answers = await Promise.all(slow);
  console.log(`slow requests after logout: ${JSON.stringify(answers.map((answer) => answer.status))}`);
  expect(answers.every((answer) => answer.status === 401)).toBe(true);
  for (const shop of cluster.shops) {
    const back = old.fork(shop.origin);
    expect(await back.json<Cart>("/cart")).toEqual({ user: null, items: [], count: 0 });
    back.close();
  }
});

test("a rotation that falls due under 51 parallel requests gives one new token and logs nobody out", async () => {
  const cluster = await startCluster({ env: { ROTATE: "1s" } });
  const { login, doors } = await threeDoors(cluster);
  const before = login.cookies.get("session");
  await Promise.all(cluster.shops.map((shop) => shop.ahead(2_000)));
  const tokens = new Set<string>();
  const users = new Map<string, number>();
  // All 51 leave with the old token before the first answer is in, so each finds the rotation due.
  await inParallel(51, 51, async (index) => {
    const answer = await (doors[index % 3] as Client).get("/cart");
    const user = (JSON.parse(answer.body) as Cart).user ?? "nobody";
    users.set(user, (users.get(user) ?? 0) + 1);
    for (const line of answer.setCookies) if (line.startsWith("session=")) tokens.add(line.split(";")[0] as string);
  });
  console.log(`rotation: ${JSON.stringify({ tokens: tokens.size, users: Object.fromEntries(users) })}`);
  expect(tokens.size).toBe(1);
  expect(Object.fromEntries(users)).toEqual({ ada: 51 });
  const [first] = doors as [Client];
  expect(first.cookies.get("session")).not.toBe(before);
  expect((await first.json<Cart>("/cart")).user, "the new token").toBe("ada");
  expect((await login.json<Cart>("/cart")).user, "the old one, inside its grace time").toBe("ada");
});
