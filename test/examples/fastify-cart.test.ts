import { join } from "node:path";
import { createBrowser } from "@sojourn/session/testing";
import { expect, test } from "vitest";
import { spawnNode } from "../fixtures/node-process.ts";
import { compileExample, EXAMPLES } from "./compile.ts";

test("examples/fastify-cart: the cart outlives login, keeps parallel additions, and is gone after logout", async () => {
  expect(compileExample("fastify-cart")).toBe("");
  const { readyLine: origin, output } = await spawnNode(join(EXAMPLES, "fastify-cart/dist/shop.js"), {
    env: { PORT: "0" },
    ready: /^http:/,
  });
  const browser = createBrowser();
  const post = async (path: string, body?: object) => {
    const init = body && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    return (await browser.request(origin + path, { method: "POST", ...init })).status;
  };
  const cart = async () => (await browser.request(`${origin}/cart`)).json();
  expect(await cart()).toEqual({ user: null, items: [] });
  expect(await post("/cart", { item: "apple" })).toBe(204);
  expect(await post("/login", { user: "anna" })).toBe(204);
  const statuses = await Promise.all(Array.from({ length: 50 }, (_, i) => post("/cart", { item: `i${i}` })));
  expect(new Set(statuses)).toEqual(new Set([204]));
  const { user, items } = (await cart()) as { user: string; items: string[] };
  expect([user, items[0], new Set(items).size]).toEqual(["anna", "apple", 51]);
  expect(await post("/cart", { item: 7, extra: [] })).toBe(204);
  expect(await post("/cart", {})).toBe(400);
  expect(await post("/logout")).toBe(204);
  expect(browser.jar.cookies).toEqual([]);
  expect(await cart()).toEqual({ user: null, items: [] });
  expect(output()).toBe(`${origin}\n`);
});
