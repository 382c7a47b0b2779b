import { Agent } from "node:http";
import { createBrowser } from "./browser.mjs";

export const ADDS = 200;
const READS = 200;
const ITEMS = ["trail map", "wool socks", "tin mug"];

/** Does with one stack what a user would, and says what became of it. */
export async function drive(stack) {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const browsers = [];
  const open = () => {
    const browser = createBrowser(stack.url, agent);
    browsers.push(browser);
    return browser;
  };
  try {
    const adds = await addInParallel(open());
    const final = await logOutMeanwhile(open(), stack);
    const failover = await loseTheServer(open(), stack);
    const sum = (field) => browsers.reduce((total, { counts }) => total + counts[field], 0);
    return { ...failover, adds, final, failed: sum("failed"), sent: sum("sent") };
  } finally {
    agent.destroy();
  }
}

async function addInParallel(browser) {
  await browser.post("/login", { user: "ben" });
  const items = Array.from({ length: ADDS }, (_, index) => `item ${index}`);
  await Promise.all(items.map((item) => browser.post("/cart", { item })));
  const kept = new Set((await browser.cart()).items);
  return items.filter((item) => kept.has(item)).length;
}

/** A request that is slower than the logout must not bring the session back, nor may a copy of its cookie. */
async function logOutMeanwhile(browser, { shops }) {
  await browser.post("/login", { user: "cleo" });
  await browser.post("/cart", { item: "head lamp" });
  const copy = browser.copy();
  const begun = Promise.race([...shops.values()].map((shop) => shop.nextSlow()));
  const slow = browser.post("/cart", { item: "rain cape" }, { "X-Slow": "1" });
  await begun;
  await browser.post("/logout", {});
  await slow;
  const views = [];
  for (const each of [browser, browser, browser, copy, copy, copy]) views.push(await each.cart());
  return views.every(({ user, items }) => user === null && items.length === 0);
}

/** `kill -9` of the server that answers, in the middle of reads. */
async function loseTheServer(browser, { shops }) {
  const login = await browser.post("/login", { user: "ada" });
  for (const item of ITEMS) await browser.post("/cart", { item });
  const before = await browser.cart();
  const victim = shops.get(before.servedBy);
  const reads = Array.from({ length: READS }, () => browser.cart());
  await reads[READS / 4];
  await victim.kill();
  await Promise.all(reads);
  const started = performance.now();
  const after = await browser.cart();
  const tookMs = performance.now() - started;
  const added = await browser.post("/cart", { item: "oat bars" });
  const logout = await browser.post("/logout", {});
  return {
    kept: after.user === "ada" ? ITEMS.filter((item) => after.items.includes(item)).length : 0,
    of: ITEMS.length,
    transcript: { login, before, victim, after, tookMs, added, logout, end: await browser.cart() },
  };
}
