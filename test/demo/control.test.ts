import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { sojourn } from "../../packages/cli/test/support/sojourn.ts";
import { alive, startDemo, startDemoAsIs } from "./demo-process.ts";
import { createVisitor } from "./visitor.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe("the demo's control", () => {
  it("kills, restarts, drains and enables; the cart outlives all of it", async () => {
    const { shop, ask, servers } = await startDemo();
    const visitor = createVisitor(shop);
    await visitor.post("/login", { user: "Ada" });
    await visitor.post("/cart", { item: "trail map" });
    const kept = { user: "Ada", items: ["trail map"] };
    const first = (await visitor.cart()).servedBy;
    const condition = async (name: string) => (await servers()).find((server) => server.name === name)?.condition;

    expect(await (await ask("kill", first)).json()).toMatchObject({ done: "kill", server: { condition: "down" } });
    const rescued = await visitor.cart();
    expect(rescued).toMatchObject(kept);
    expect(rescued.servedBy).not.toBe(first);

    expect(await (await ask("restart", first)).json()).toMatchObject({ done: "restart", server: { condition: "up" } });
    expect(await visitor.cart()).toEqual(rescued);

    expect((await ask("drain", rescued.servedBy)).status).toBe(200);
    expect(await condition(rescued.servedBy)).toBe("draining");
    expect(await visitor.cart()).toEqual(rescued);
    for (let i = 0; i < 6; i++) expect((await createVisitor(shop).cart()).servedBy).not.toBe(rescued.servedBy);

    expect((await ask("enable", rescued.servedBy)).status).toBe(200);
    expect(await condition(rescued.servedBy)).toBe("up");
    expect((await ask("restart", rescued.servedBy)).status).toBe(200);
    expect(await visitor.cart()).toMatchObject(kept);
  });

  it("answers nobody but programs on this machine that mean it", async () => {
    const { admin, ask, servers } = await startDemo();
    const origin = { headers: { "Content-Type": "application/json", Origin: "http://evil.example" } };
    expect((await ask("kill", "shop-1", origin)).status).toBe(403);
    const form = { headers: { "Content-Type": "application/x-www-form-urlencoded" } };
    expect((await ask("kill", "shop-1", form)).status).toBe(415);
    expect((await fetch(`${admin}/demo/servers/shop-1/kill`)).status).toBe(405);
    const unknown = await ask("kill", "shop-9");
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({
      code: "DEMO_UNKNOWN_SERVER",
      mend: "name one of shop-1, shop-2, shop-3",
    });
    expect((await servers()).map((server) => server.condition)).toEqual(["up", "up", "up"]);
  });
});

describe("the end of the demo", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("%s leaves no process and no file behind", async (signal) => {
    const demo = await startDemo();
    const pids = (await demo.servers()).map(({ pid }) => pid ?? -1);
    expect(pids.every(alive)).toBe(true);
    expect(readdirSync(demo.temp)).toHaveLength(1);
    demo.process.child.kill(signal);
    expect(await demo.process.exited).toBe(0);
    expect(pids.some(alive)).toBe(false);
    expect(readdirSync(demo.temp)).toEqual([]);
  });

  it("a crash of the supervisor takes the shops and their file with it", async () => {
    const demo = await startDemo();
    const pids = (await demo.servers()).map(({ pid }) => pid ?? -1);
    await demo.process.kill();
    await expect.poll(() => pids.some(alive), { timeout: 30_000 }).toBe(false);
    await expect.poll(() => readdirSync(demo.temp), { timeout: 30_000 }).toEqual([]);
  });

  it("a crash of a shop does not end the others; it can be restarted, and nothing else be done to it", async () => {
    const { servers, ask } = await startDemo();
    const [first] = await servers();
    process.kill(first?.pid ?? -1, "SIGKILL");
    const conditions = async () => (await servers()).map((server) => server.condition);
    await expect.poll(conditions, { timeout: 30_000 }).toEqual(["down", "up", "up"]);
    const again = await ask("kill", "shop-1");
    expect(again.status).toBe(409);
    expect(await again.json()).toMatchObject({ code: "DEMO_BUSY" });
    expect((await ask("restart", "shop-1")).status).toBe(200);
    expect(await conditions()).toEqual(["up", "up", "up"]);
  });

  it("a shop that cannot start again leaves the others, and what they know, alone", async () => {
    const { shop, admin, servers, ask } = await startDemo();
    const visitor = createVisitor(shop);
    await visitor.post("/cart", { item: "trail map" });
    const answer = await fetch(`${admin}/v1/pools/shop`);
    const pool = (await answer.json()) as { servers: readonly { name: string; url: string }[] };
    const port = Number(new URL(pool.servers.find(({ name }) => name === "shop-1")?.url ?? "").port);
    await ask("kill", "shop-1");
    const squatter = createServer().listen(port, "127.0.0.1");
    onTestFinished(() => void squatter.close());
    await once(squatter, "listening");

    const refused = await ask("restart", "shop-1");
    expect(await refused.json()).toMatchObject({
      code: "DEMO_SHOP_FAILED",
      what: expect.stringContaining("EADDRINUSE"),
    });
    expect((await servers()).map(({ condition }) => condition)).toEqual(["down", "up", "up"]);
    expect(await visitor.cart()).toMatchObject({ items: ["trail map"] });

    squatter.close();
    await once(squatter, "close");
    expect((await ask("restart", "shop-1")).status).toBe(200);
    for (const other of ["shop-2", "shop-3"]) await ask("kill", other);
    expect(await visitor.cart()).toMatchObject({ items: ["trail map"], servedBy: "shop-1" });
  });

  it("falls to other ports when its usual ones are taken, even while it starts", async () => {
    const demos = await Promise.all([startDemoAsIs(), startDemoAsIs()]);
    const ports = demos.flatMap(({ shop, admin }) => [shop, admin]).map((url) => Number(new URL(url).port));
    expect(new Set(ports).size).toBe(4);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(8080);
    for (const { shop } of demos) expect((await fetch(`${shop}/cart`)).status).toBe(200);
  });

  it.each(["--port", "--admin-port"])(
    "a port given with %s that is taken is an error before anything starts",
    async (option) => {
      const port = await takenPort();
      const ran = await sojourn(["demo", option, String(port)]);
      expect(ran.code).toBe(1);
      expect(ran.err).toMatch(
        new RegExp(`^ADDRESS_IN_USE: ${option} 127\\.0\\.0\\.1:${port} is already in use; .*\n$`),
      );
    },
  );
});
