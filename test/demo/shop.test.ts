import { request } from "node:http";
import { describe, expect, it, vi } from "vitest";
import { startDemo } from "./demo-process.ts";
import { createVisitor } from "./visitor.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

describe("the demo shop", () => {
  it("keeps the cart over login, names its server on every response, and ends at logout", async () => {
    const { shop } = await startDemo();
    const visitor = createVisitor(shop);
    expect((await visitor.post("/cart", { item: "trail map" })).status).toBe(204);
    expect(await visitor.cart()).toMatchObject({ user: null, items: ["trail map"] });
    expect((await visitor.post("/login", { user: "Ada" })).status).toBe(204);
    await visitor.post("/cart", { item: "tin mug" });
    const cart = await visitor.cart();
    expect(cart).toEqual({
      user: "Ada",
      items: ["trail map", "tin mug"],
      servedBy: expect.stringMatching(/^shop-[123]$/),
    });

    for (const path of ["/", "/cart", "/healthz", "/shop.css", "/nowhere"]) {
      expect((await visitor.get(path)).headers.get("X-Served-By"), path).toBe(cart.servedBy);
    }
    expect((await visitor.post("/logout", {})).status).toBe(204);
    expect(await visitor.cart()).toMatchObject({ user: null, items: [] });
  });

  it("refuses what it cannot put in a cart, and other sites", async () => {
    const { shop } = await startDemo();
    const visitor = createVisitor(shop);
    const bad = [{}, { item: "" }, { item: "   " }, { item: 7 }, { item: "x".repeat(61) }, { item: ["a"] }];
    for (const body of bad) expect((await visitor.post("/cart", body)).status, JSON.stringify(body)).toBe(400);
    expect((await visitor.post("/login", { user: null })).status).toBe(400);
    expect((await visitor.get("/nowhere")).status).toBe(404);
    expect((await visitor.get("//")).status).toBe(200);
    const garbled = await fetch(`${shop}/cart`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{",
    });
    expect(garbled.status).toBe(400);
    expect(await garbled.text()).not.toMatch(/\n\s+at /);

    const foreign = { "Sec-Fetch-Site": "cross-site", Origin: "https://evil.example" };
    expect((await visitor.submit("/cart", { item: "x" }, foreign)).status).toBe(403);
    expect((await visitor.submit("/servers/shop-1/kill", {}, foreign)).status).toBe(403);
    expect(await postAs(shop, "/servers/shop-1/kill", "evil.example")).toBe(421);
    expect(await postAs(shop, "/servers/shop-9/kill", new URL(shop).host)).toBe(404);
    expect(await visitor.cart()).toMatchObject({ items: [] });
  });

  it("has a page that escapes everything, allows no inline script, and works as plain forms", async () => {
    const { shop, servers } = await startDemo();
    const visitor = createVisitor(shop);
    const login = await visitor.submit("/login", { user: "<img src=x onerror=alert(1)>" });
    expect(login.status).toBe(303);
    await visitor.submit("/cart", { item: '"><script>alert(2)</script>' });
    const page = await visitor.get("/?did=<script>&on=shop-1%22%3E");
    const text = await page.text();
    expect(page.headers.get("Content-Security-Policy")).toMatch(/default-src 'none'; script-src 'self'/);
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(text).not.toMatch(/<script>|<img src=x|on=shop|did=/);

    const { servedBy } = await visitor.cart();
    const killed = await visitor.submit(`/servers/${servedBy}/kill`, {});
    expect(killed.status).toBe(303);
    const after = await (await visitor.get(killed.headers.get("Location") ?? "")).text();
    expect(after).toMatch(
      new RegExp(`${servedBy} was killed\\. You are now on shop-[123]\\. Your cart is still here\\.`),
    );
    expect((await servers()).find(({ name }) => name === servedBy)?.condition).toBe("down");
  });

  it("does not let the page kill the last server, on which it lives", async () => {
    const { shop, ask, servers } = await startDemo();
    const visitor = createVisitor(shop);
    const { servedBy } = await visitor.cart();
    for (const { name } of await servers()) if (name !== servedBy) expect((await ask("kill", name)).status).toBe(200);
    const refused = await visitor.submit(`/servers/${servedBy}/kill`, {});
    expect(await (await visitor.get(refused.headers.get("Location") ?? "")).text()).toContain(
      "is the last one standing",
    );
    expect((await servers()).find(({ name }) => name === servedBy)?.condition).toBe("up");
  });
});

describe("the modes of the demo", () => {
  it("loses the cart with local sessions, and the page owns up to it", async () => {
    const { shop } = await startDemo("--sessions", "local");
    const visitor = createVisitor(shop);
    await visitor.post("/cart", { item: "trail map" });
    const { servedBy, items } = await visitor.cart();
    expect(items).toEqual(["trail map"]);
    const killed = await visitor.submit(`/servers/${servedBy}/kill`, {});
    const after = await (await visitor.get(killed.headers.get("Location") ?? "")).text();
    expect(after).toContain(`Your cart is gone: it stayed in the memory of ${servedBy}`);
    expect(after).toContain("<strong>Sessions local</strong>");
    expect(await visitor.cart()).toMatchObject({ items: [] });
  });

  it("goes round the servers without affinity, and shared sessions follow", async () => {
    const { shop } = await startDemo("--affinity", "none");
    const visitor = createVisitor(shop);
    await visitor.post("/login", { user: "Ada" });
    const views = [await visitor.cart(), await visitor.cart(), await visitor.cart()];
    expect(new Set(views.map(({ servedBy }) => servedBy)).size).toBe(3);
    expect(views.every(({ user }) => user === "Ada")).toBe(true);
    expect([...visitor.cookies.keys()]).toEqual(["session"]);
  });

  it("keeps a client by its IP without any cookie of the balancer's", async () => {
    const { shop } = await startDemo("--affinity", "ip");
    const servers = new Set<string>();
    for (let i = 0; i < 5; i++) servers.add((await createVisitor(shop).cart()).servedBy);
    expect(servers.size).toBe(1);
  });

  it("keeps a client by its X-Session-ID header", async () => {
    const { shop } = await startDemo("--affinity", "header");
    const visit = async (key: string) =>
      (await fetch(`${shop}/cart`, { headers: { "X-Session-ID": key } })).headers.get("X-Served-By");
    const keys = Array.from({ length: 12 }, (_, index) => `client ${index}`);
    const first = await Promise.all(keys.map(visit));
    expect(await Promise.all(keys.map(visit))).toEqual(first);
    expect(new Set(first).size).toBeGreaterThan(1);
  });
});

/** A form that a page of the origin `http://HOST` would send: what DNS rebinding makes of somebody else's page. */
function postAs(origin: string, path: string, host: string): Promise<number | undefined> {
  const headers = { Host: host, Origin: `http://${host}`, "Sec-Fetch-Site": "same-origin" };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, origin), { method: "POST", headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode));
    });
    sent.on("error", reject).end();
  });
}
