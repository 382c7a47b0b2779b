import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { type Browser, createBrowser } from "@sojourn/session/testing";
import { beforeEach, expect, test } from "vitest";
import { compileExample, EXAMPLES } from "./compile.ts";

type Handler = (request: Request, ...rest: unknown[]) => Promise<Response>;

const SITE = "https://shop.test";
const POST = { method: "POST" } as const;
const built = (path: string) => import(pathToFileURL(join(EXAMPLES, path)).href);

beforeEach(() => {
  process.env.SOJOURN_KEYS = generateKey(createSystemRandom());
});

async function told(browser: Browser, path: string, init: Parameters<Browser["request"]>[1] = {}) {
  const response = await browser.request(SITE + path, init);
  return [response.status, await response.text()];
}

test("examples/hono-workers: the session travels in its cookie, with the keys of the environment", async () => {
  // Its tsconfig has no types of Node.
  expect(compileExample("hono-workers")).toBe("");
  const { default: worker } = (await built("hono-workers/dist/worker.js")) as { default: { fetch: Handler } };
  const env = { SOJOURN_KEYS: generateKey(createSystemRandom()) };
  const browser = createBrowser({ send: (request) => worker.fetch(request, env) });
  expect(await told(browser, "/")).toEqual([401, "Unauthorized"]);
  expect(await told(browser, "/login", POST)).toEqual([200, "Logged in"]);
  expect(await told(browser, "/")).toEqual([200, '{"user":"123","visits":1}']);
  expect(await told(browser, "/")).toEqual([200, '{"user":"123","visits":2}']);
  expect(await told(browser, "/logout", { ...POST, from: "https://evil.test/" })).toEqual([
    403,
    '{"error":"SESSION_CSRF_REFUSED"}\n',
  ]);
  expect(await told(browser, "/logout", POST)).toEqual([401, "Unauthorized"]);
  expect(browser.jar.cookies).toEqual([]);
});

test("examples/next-route-handlers: each route exports its methods, with params as Next.js gives them", async () => {
  expect(compileExample("next-route-handlers")).toBe("");
  const route = (path: string) => built(`next-route-handlers/dist/app/${path}/route.js`);
  const [login, logout, cart] = await Promise.all([route("login"), route("logout"), route("cart/[item]")]);
  expect([login, logout, cart].map((each) => Object.keys(each).sort())).toEqual([["POST"], ["POST"], ["GET", "POST"]]);
  const browser = createBrowser({
    send: (request) => {
      const [, first, item] = new URL(request.url).pathname.split("/");
      const handlers: Record<string, Record<string, Handler>> = { login, logout, cart };
      const handler = handlers[first ?? ""]?.[request.method];
      return handler?.(request, { params: Promise.resolve({ item }) }) ?? new Response("home");
    },
  });
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  expect(await told(browser, "/cart/pear", POST)).toEqual([200, '{"user":null,"items":["pear"]}']);
  expect(await told(browser, "/login", { ...POST, headers: form, body: "user=" })).toEqual([400, "Who are you?"]);
  // The redirect is followed, and the cart is still there.
  expect(await told(browser, "/login", { ...POST, headers: form, body: "user=ann" })).toEqual([
    200,
    '{"user":"ann","items":["pear"]}',
  ]);
  expect(await told(browser, "/cart/plum", POST)).toEqual([200, '{"user":"ann","items":["pear","plum"]}']);
  expect(await told(browser, "/logout", POST)).toEqual([200, "home"]);
  expect(browser.jar.cookies).toEqual([]);
});
