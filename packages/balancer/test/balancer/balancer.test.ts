import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Balancer, type BalancerOptions, type Bound, createBalancer } from "@sojourn/balancer";
import { createSystemRandom, generateKey, parseMoved } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DRAIN_STEP_MS } from "../../src/timers.ts";
import { call, JSON_TYPE } from "../admin/call.ts";
import { client, configOf, type Origin, serversOf, startOrigin } from "./origins.ts";

const keys = generateKey(createSystemRandom());
let origins: Origin[];
const balancers: Balancer[] = [];

beforeEach(async () => {
  origins = await Promise.all(["shop-1", "shop-2", "shop-3"].map(startOrigin));
});
afterEach(async () => {
  await Promise.all(balancers.splice(0).map((balancer) => balancer.close({ deadlineMs: 0 })));
  await Promise.all(origins.map((origin) => origin.kill().catch(() => {})));
});

async function start(options: Partial<BalancerOptions> = {}) {
  const runtime = createFakeRuntime({ random: createSystemRandom() });
  const balancer = createBalancer({ config: configOf(serversOf(origins)), keys, runtime, ...options });
  balancers.push(balancer);
  const bound = await balancer.listen();
  return { balancer, bound, runtime, port: portOf(bound), admin: bound.admin?.port ?? 0 };
}

function portOf({ listeners }: Bound): number {
  return listeners[0]?.port ?? 0;
}

const origin = (name: string) => {
  const found = origins.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no origin ${name}`);
  return found;
};
const post = (admin: number, path: string, body: unknown = {}) =>
  call(admin, "POST", path, JSON_TYPE, JSON.stringify(body));

describe("a client", () => {
  it("stays on its server, and moves with a reason when that one dies", async () => {
    const { port, admin, balancer } = await start();
    const moves: unknown[] = [];
    balancer.engine.listen((event) => event.kind === "move" && moves.push(event));
    const user = client(port);
    const first = (await user.get()).text;
    for (let i = 0; i < 5; i++) expect((await user.get()).text).toBe(first);

    await origin(first).kill();
    const moved = await user.get();
    expect(moved.status).toBe(200);
    expect(moved.text).not.toBe(first);
    const header = origin(moved.text).seen.at(-1)?.headers["sojourn-moved"];
    expect(parseMoved(String(header))).toMatchObject({ reason: "down", from: expect.any(String) });
    expect((await user.get()).text).toBe(moved.text);
    expect(origin(moved.text).seen.at(-1)?.headers["sojourn-moved"]).toBeUndefined();

    const { body } = await call(admin, "GET", "/v1/pools/shop");
    expect(body).toMatchObject({ affinity: { outcomes: { new: 1, hit: 6, moved: { down: 1 } } } });
    const servers = body.servers as { name: string; health: string; served: number; errors: number }[];
    expect(servers.find(({ name }) => name === first)).toMatchObject({ health: "down", served: 6, errors: 1 });
    expect(servers.find(({ name }) => name === moved.text)).toMatchObject({ health: "up", served: 2, errors: 0 });
    expect(moves).toMatchObject([{ kind: "move", pool: "shop", from: first, to: moved.text, reason: "down" }]);
    const metrics = (await call(admin, "GET", "/metrics")).text;
    expect(metrics).toContain('sojourn_affinity_total{pool="shop",outcome="moved",reason="down"} 1');
    expect(metrics).toContain(`sojourn_server_up{pool="shop",server="${first}"} 0`);
    expect(metrics).toContain("sojourn_requests_total 8\n");
    expect(metrics).toContain('sojourn_responses_total{class="2xx"} 8\n');
    expect(metrics).toContain("sojourn_retries_total 1\n");
  });

  it("is assigned afresh after the app has said Sojourn-Affinity: end", async () => {
    const { port } = await start();
    const user = client(port);
    await user.get();
    expect(user.cookie).toBeDefined();
    const goodbye = await user.get("/logout");
    expect(user.cookie).toBeUndefined();
    expect(goodbye.headers["sojourn-affinity"]).toBeUndefined();
    await user.get();
    expect(user.cookie).toBeDefined();
  });
});

describe("drain", () => {
  it("keeps bound clients, takes no new ones, and ends at its deadline", async () => {
    const { port, admin, runtime, balancer } = await start();
    const user = client(port);
    const home = (await user.get()).text;
    const drained = await post(admin, `/v1/pools/shop/servers/${home}/drain`, { deadlineMs: 60_000 });
    expect(drained.body).toMatchObject({ server: { state: "draining", drain: { deadlineInMs: 60_000 } } });
    expect((await user.get()).text).toBe(home);
    for (let i = 0; i < 6; i++) expect((await client(port).get()).text).not.toBe(home);

    const done = new Promise<unknown>((resolve) => {
      balancer.control.events.listen(({ event }) => event.kind === "drain.done" && resolve(event));
    });
    runtime.clock.advance(60_000 + DRAIN_STEP_MS);
    expect(await done).toMatchObject({ server: home, reason: "deadline", bound: { exact: true } });
    await runtime.settled();
    const moved = await user.get();
    expect(moved.text).not.toBe(home);
    expect(parseMoved(String(origin(moved.text).seen.at(-1)?.headers["sojourn-moved"]))?.reason).toBe("drained");

    await post(admin, `/v1/pools/shop/servers/${home}/enable`);
    const names = new Set<string>();
    for (let i = 0; i < 6; i++) names.add((await client(port).get()).text);
    expect(names).toContain(home);
  });

  it("ends when the last bound client has left, not before one whole window was observed", async () => {
    const config = configOf(serversOf(origins), { boundWindowMs: 30_000 });
    const { port, admin, runtime, balancer } = await start({ config });
    const user = client(port);
    const home = (await user.get()).text;
    const done: unknown[] = [];
    balancer.control.events.listen(({ event }) => event.kind === "drain.done" && done.push(event));
    await post(admin, `/v1/pools/shop/servers/${home}/drain`);
    runtime.clock.advance(29_000);
    expect(await serverNamed(admin, home)).toMatchObject({ state: "draining", bound: { exact: true } });
    expect(await serverNamed(admin, home)).not.toHaveProperty("bound.count");
    await user.get();
    runtime.clock.advance(2_000);
    expect(await serverNamed(admin, home)).toMatchObject({ state: "draining", bound: { count: 1, exact: true } });
    expect(done).toEqual([]);
    runtime.clock.advance(30_000);
    await expectSoon(async () => {
      runtime.clock.advance(DRAIN_STEP_MS);
      return (await serverNamed(admin, home))?.drained === "empty";
    });
    expect(done).toMatchObject([{ server: home, reason: "empty", bound: { count: 0 } }]);
  });
});

async function serverNamed(admin: number, name: string) {
  const { body } = await call(admin, "GET", "/v1/pools/shop");
  return (body.servers as Record<string, unknown>[]).find((server) => server.name === name);
}

/** Asks again as long as answers are under way; each look is a round trip, so nothing waits on time. */
async function expectSoon(look: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) if (await look()) return;
  throw new Error("it did not become true");
}

describe("reload", () => {
  it("keeps states, counts, clients and listeners", async () => {
    const { balancer, port, admin, bound } = await start();
    const user = client(port);
    const home = (await user.get()).text;
    const other = home === "shop-1" ? "shop-2" : "shop-1";
    await post(admin, `/v1/pools/shop/servers/${other}/disable`);
    const fewer = serversOf(origins.filter(({ name }) => name === home || name === other)).toReversed();
    expect(await balancer.reload(configOf(fewer))).toEqual(bound);
    expect((await user.get()).text).toBe(home);
    for (let i = 0; i < 4; i++) expect((await client(port).get()).text).toBe(home);
    expect(await serverNamed(admin, other)).toMatchObject({ state: "disabled", overridden: true });
    expect(await serverNamed(admin, home)).toMatchObject({ served: 6 });
  });

  it("is done by the admin API from the configuration read again", async () => {
    let servers = serversOf(origins);
    const { admin } = await start({ loadConfig: () => configOf(servers) });
    servers = servers.slice(0, 1);
    const answer = await post(admin, "/v1/reload");
    expect(answer.body).toMatchObject({ reloaded: true, pools: [{ servers: [{ name: "shop-1" }] }] });
  });

  it("moves listeners that changed, and keeps connections of old ones", async () => {
    const { balancer, port, bound } = await start();
    const config = configOf(serversOf(origins));
    const next = await balancer.reload({ ...config, listeners: [...config.listeners, { host: "127.0.0.1", port: 0 }] });
    expect(next.listeners).toHaveLength(2);
    expect(next.listeners[0]).toEqual(bound.listeners[0]);
    expect((await client(next.listeners[1]?.port ?? 0).get()).status).toBe(200);
    const last = await balancer.reload({
      ...config,
      listeners: [{ host: "127.0.0.1", port: next.listeners[1]?.port ?? 0 }],
    });
    expect(last.listeners).toHaveLength(1);
    await expect(client(port).get()).rejects.toThrow(/ECONNREFUSED/);
  });

  it("changes nothing when it fails", async () => {
    const { balancer, port } = await start();
    const config = configOf(serversOf(origins).slice(0, 1));
    const busy = { ...config, listeners: [...config.listeners, { host: "127.0.0.1", port: origin("shop-1").port }] };
    await expect(balancer.reload(busy)).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    await expect(balancer.reload({ ...config, admin: { host: "0.0.0.0", port: 0 } })).rejects.toMatchObject({
      code: "ADMIN_TOKEN_NEEDED",
    });
    await expect(balancer.reload({ ...config, trustedProxies: ["10.0.0.0/8"] })).rejects.toMatchObject({
      code: "RELOAD_NEEDS_RESTART",
    });
    const names = new Set<string>();
    for (let i = 0; i < 3; i++) names.add((await client(port).get()).text);
    expect(names.size).toBe(3);
  });
});

describe("starting", () => {
  it("opens all or nothing, and names the address that is taken", async () => {
    const taken = origin("shop-2").port;
    const config = configOf(serversOf(origins));
    const busy = createBalancer({
      config: { ...config, listeners: [...config.listeners, { host: "127.0.0.1", port: taken }] },
      keys,
    });
    await expect(busy.listen()).rejects.toThrow(
      new RegExp(`ADDRESS_IN_USE: the listener 127.0.0.1:${taken} is already in use; stop`),
    );
    await expect(busy.listen()).rejects.toMatchObject({ code: "BALANCER_CLOSED" });

    const { bound } = await start();
    const free = { host: "127.0.0.1", port: bound.listeners[0]?.port ?? 0 };
    await balancers.pop()?.close({ deadlineMs: 0 });
    const admin = createBalancer({
      config: { ...config, listeners: [free], admin: { host: "127.0.0.1", port: taken } },
      keys,
    });
    await expect(admin.listen()).rejects.toThrow(/the admin API's address 127.0.0.1/);
    await expect(client(free.port).get()).rejects.toThrow(/ECONNREFUSED/);
  });

  it("names an address that is not this machine's", async () => {
    const config = { ...configOf(serversOf(origins)), listeners: [{ host: "192.0.2.1", port: 0 }] };
    await expect(createBalancer({ config, keys }).listen()).rejects.toThrow(
      /ADDRESS_UNUSABLE.*192.0.2.1:0.*EADDRNOTAVAIL/,
    );
  });

  it("refuses an open admin address without a token before anything listens", () => {
    const config = { ...configOf(serversOf(origins)), admin: { host: "0.0.0.0", port: 0 } };
    expect(() => createBalancer({ config, keys })).toThrow(/ADMIN_TOKEN_NEEDED/);
  });

  it("refuses stamps in production without a key, and says how to make one", () => {
    const before = { NODE_ENV: process.env.NODE_ENV, SOJOURN_KEYS: process.env.SOJOURN_KEYS };
    process.env.NODE_ENV = "production";
    delete process.env.SOJOURN_KEYS;
    try {
      const config = configOf(serversOf(origins));
      expect(() => createBalancer({ config })).toThrow(/KEY_MISSING.*npx sojourn keygen/);
      expect(() => createBalancer({ config: { ...config, keys } })).not.toThrow();
      const plain = configOf(serversOf(origins), { affinity: { kind: "ip", prefixV4: 32, prefixV6: 64 } });
      expect(() => createBalancer({ config: plain })).not.toThrow();
      const none = configOf(serversOf(origins), { affinity: { kind: "none" } });
      expect(() => createBalancer({ config: none })).not.toThrow();
    } finally {
      process.env.NODE_ENV = before.NODE_ENV;
      if (before.SOJOURN_KEYS !== undefined) process.env.SOJOURN_KEYS = before.SOJOURN_KEYS;
    }
  });

  it("makes a key once where it may, and finds it again", async () => {
    const before = process.env.SOJOURN_KEYS;
    delete process.env.SOJOURN_KEYS;
    const keyDirectory = join(mkdtempSync(join(tmpdir(), "sojourn-balancer-")), ".sojourn");
    try {
      const first = await start({ keys: undefined, keyDirectory });
      expect(first.runtime.lines.map(({ message }) => message)).toEqual([
        expect.stringContaining(join(keyDirectory, "keys")),
      ]);
      const user = client(first.port);
      const home = (await user.get()).text;
      const second = await start({ keys: undefined, keyDirectory });
      expect(second.runtime.lines).toEqual([]);
      const sameUser = await call(second.port, "GET", "/", { Cookie: user.cookie ?? "" });
      expect(sameUser.text).toBe(home);
      expect(sameUser.headers["set-cookie"]).toBeUndefined();
    } finally {
      rmSync(dirname(keyDirectory), { recursive: true });
      if (before !== undefined) process.env.SOJOURN_KEYS = before;
    }
  });

  it("follows a new key ring at a reload, and keeps those who hold stamps of the old one", async () => {
    const { balancer, port } = await start({
      keys: undefined,
      config: { ...configOf(serversOf(origins)), keys },
    });
    const user = client(port);
    const home = (await user.get()).text;
    const old = user.cookie;
    const fresh = generateKey(createSystemRandom());
    await balancer.reload({ ...configOf(serversOf(origins)), keys: `${fresh},opens:${keys}` });
    expect((await user.get()).text).toBe(home);
    expect(user.cookie).not.toBe(old);
    await balancer.reload({ ...configOf(serversOf(origins)), keys: fresh });
    expect((await user.get()).text).toBe(home);
    await expect(balancer.reload({ ...configOf(serversOf(origins)), keys: "nonsense" })).rejects.toMatchObject({
      code: "KEY_INVALID",
    });
    expect((await user.get()).text).toBe(home);
  });

  it("leaves no timer and no listener behind when it ends", async () => {
    const { balancer, runtime, port, admin } = await start();
    await client(port).get();
    await balancer.close({ deadlineMs: 0 });
    expect(runtime.clock.armed).toBe(0);
    await expect(client(port).get()).rejects.toThrow(/ECONNREFUSED/);
    await expect(call(admin, "GET", "/v1/status")).rejects.toThrow(/ECONNREFUSED/);
    await balancer.close();
  });
});

describe("the admin API of a running balancer", () => {
  it("refuses a foreign Host, a foreign Origin and a form post", async () => {
    const { admin } = await start();
    const path = "/v1/pools/shop/servers/shop-1/disable";
    expect((await call(admin, "POST", path, { ...JSON_TYPE, Host: "evil.example" }, "{}")).status).toBe(421);
    expect((await call(admin, "POST", path, { ...JSON_TYPE, Origin: "http://evil.example" }, "{}")).status).toBe(403);
    const form = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await call(admin, "POST", path, form, "a=b")).status).toBe(415);
    expect(await serverNamed(admin, "shop-1")).toMatchObject({ state: "enabled" });
  });

  it("explains where a client would go, without showing its stamp", async () => {
    const { admin, port } = await start();
    const user = client(port);
    const home = (await user.get()).text;
    const { body, text } = await call(admin, "GET", `/v1/explain?cookie=${encodeURIComponent(user.cookie ?? "")}`);
    expect(body).toMatchObject({
      pool: "shop",
      affinity: "cookie",
      candidates: [{ server: home, because: "home", affinity: "hit", stamps: false }, {}, {}],
    });
    expect(text).not.toContain((user.cookie ?? "").split("=")[1]);
  });

  it("explains a header that nobody sent as one that nobody sent, whatever it is called", async () => {
    const { admin } = await start({
      config: configOf(serversOf(origins), {
        affinity: { kind: "header", name: "constructor" },
        balance: "least-connections",
      }),
    });
    const firsts = new Set<unknown>();
    for (let i = 0; i < 40; i++) {
      const { body } = await call(admin, "GET", "/v1/explain");
      firsts.add((body as { candidates: { server: string }[] }).candidates[0]?.server);
    }
    // Nothing ties such a client to a server: each question is a new draw.
    expect(firsts.size).toBeGreaterThan(1);
  });

  it("adds and removes servers under traffic", async () => {
    const { admin, port } = await start();
    const extra = await startOrigin("shop-4");
    origins.push(extra);
    const url = `http://127.0.0.1:${extra.port}`;
    expect((await call(admin, "PUT", "/v1/pools/shop/servers/shop-4", JSON_TYPE, JSON.stringify({ url }))).status).toBe(
      201,
    );
    const names = new Set<string>();
    for (let i = 0; i < 8; i++) names.add((await client(port).get()).text);
    expect(names).toContain("shop-4");
    const user = client(port);
    const home = (await user.get()).text;
    expect((await call(admin, "DELETE", `/v1/pools/shop/servers/${home}`, JSON_TYPE)).status).toBe(200);
    expect((await user.get()).text).not.toBe(home);
  });
});

describe("active checks", () => {
  it("take a server out and bring it back", async () => {
    const active = {
      kind: "http",
      path: "/healthz",
      intervalMs: 1_000,
      timeoutMs: 500,
      fall: 2,
      rise: 1,
      firstDecides: false,
    } as const;
    const config = configOf(serversOf(origins), { health: { active, passive: { maxFails: 0, failTimeoutMs: 0 } } });
    const { balancer, runtime, admin } = await start({ config });
    const turned = (kind: string) =>
      new Promise<unknown>((resolve) => {
        const stop = balancer.engine.listen((event) => {
          if (event.kind !== kind) return;
          stop();
          resolve(event);
        });
      });
    /** One interval after another, until the engine says so. */
    async function until(event: Promise<unknown>): Promise<unknown> {
      let came: unknown;
      void event.then((value) => {
        came = value;
      });
      for (let rounds = 0; came === undefined && rounds < 50; rounds++) {
        runtime.clock.advance(250);
        await call(admin, "GET", "/v1/status");
      }
      return came;
    }
    await origin("shop-2").kill();
    expect(await until(turned("server.down"))).toMatchObject({
      pool: "shop",
      server: "shop-2",
      source: "active",
      reason: "ECONNREFUSED",
    });
    expect(await serverNamed(admin, "shop-2")).toMatchObject({ health: "down" });
    await origin("shop-2").start();
    expect(await until(turned("server.up"))).toMatchObject({ server: "shop-2", source: "active", reason: "204" });
    expect(await serverNamed(admin, "shop-2")).toMatchObject({ health: "up" });
  });
});
