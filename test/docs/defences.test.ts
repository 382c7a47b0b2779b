import { join } from "node:path";
import { createBrowser } from "@sojourn/session/testing";
import { describe, expect, it } from "vitest";
import { spawnNode } from "../fixtures/node-process.ts";
import { tempDir } from "../fixtures/temp-dir.ts";
import { root } from "./guide-page.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";

/** A program with a cookie jar: nothing says which page sends it, unless the test does. */
function asProgram(request: Request): Promise<Response> {
  const site = request.headers.get("sec-fetch-site");
  if (site === "none") request.headers.delete("sec-fetch-site");
  return fetch(request);
}

async function startApp() {
  const folder = tempDir();
  const app = await spawnNode(join(root, "docs/guide/defences/account.mjs"), {
    cwd: folder,
    env: { PORT: "0", SHOP_DB: join(folder, "shop.db") },
    ready: /^ready \d+$/,
  });
  const origin = `http://127.0.0.1:${app.readyLine.slice("ready ".length)}`;
  const client = () => {
    const browser = createBrowser({ send: asProgram });
    const call = async (method: string, path: string, headers: Record<string, string> = {}) => {
      const init = { method, from: null, headers: { "User-Agent": FIREFOX, ...headers } };
      const response = await browser.request(origin + path, init);
      const text = await response.text();
      return { status: response.status, json: text.startsWith("{") || text.startsWith("[") ? JSON.parse(text) : text };
    };
    const token = async (path = "/login") => (await call("GET", path)).json.token as string;
    return { call, token };
  };
  return { app, client };
}

describe("docs/guide/defences/account.mjs", () => {
  it("wants a token of its own page, a second factor lately, and the device that passed it", {
    tags: ["asvs-7.5.1", "asvs-7.5.3"],
  }, async () => {
    const { client } = await startApp();
    const { call, token } = client();
    expect((await call("POST", "/login")).json).toEqual({ error: "SESSION_CSRF_REFUSED" });
    expect((await call("POST", "/login", { "X-CSRF-Token": await token() })).status).toBe(204);
    const own = { "X-CSRF-Token": await token() };
    expect((await call("POST", "/email", own)).json).toEqual({ error: "SESSION_NOT_FRESH" });
    expect((await call("POST", "/second-factor", own)).status).toBe(204);
    expect((await call("POST", "/email", own)).status).toBe(204);
    const stolen = { ...own, "User-Agent": CHROME };
    expect(await call("POST", "/email", stolen)).toEqual({ status: 401, json: { error: "SESSION_NOT_FRESH" } });
    expect((await call("POST", "/email", { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
  });

  it("lists a user's devices and ends one of them, but nobody else's", { tags: ["asvs-7.5.2"] }, async () => {
    const { client } = await startApp();
    const [laptop, phone] = [client(), client()];
    for (const { call, token } of [laptop, phone]) await call("POST", "/login", { "X-CSRF-Token": await token() });
    const { json: devices } = await laptop.call("GET", "/devices");
    expect(devices).toMatchObject([
      { current: true, device: { browser: "Firefox", system: "Linux", networks: ["127.0.0.0/24"] } },
      { current: false },
    ]);
    const own = { "X-CSRF-Token": await laptop.token() };
    expect((await laptop.call("POST", `/devices/${"A".repeat(43)}/end`, own)).status).toBe(404);
    expect((await laptop.call("POST", `/devices/${devices[1].id}/end`, own)).status).toBe(204);
    expect((await phone.call("GET", "/devices")).status).toBe(401);
    expect((await laptop.call("GET", "/devices")).status).toBe(200);
  });
});
