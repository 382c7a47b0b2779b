// Whether a store stays as quick when it grows: what reading, writing, listing a user's sessions and sweeping take with
// ten thousand, a hundred thousand and a million sessions in it, and the bytes that each of them takes.
import { createHash, randomBytes } from "node:crypto";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { ratioSpread, rounded, spread } from "../lib/stats.mjs";
import { growing } from "./databases.mjs";

export const about =
  "cost of read, write, list and sweep at 10^4, 10^5 and 10^6 sessions in SQLite, Redis and PostgreSQL";

const HOUR_MS = 3_600_000;
/** A sealed record of a small session. */
const RECORD_BYTES = 220;
const AT_ONCE = 256;
const TIMES = 400;
/** A prime, so that those asked for lie apart and none twice. */
const STEP = 7_919;
const SWEPT = 400;
const SWEPT_AFTER_MS = 1_500;
/** Sessions of the user who is listed. */
const LISTED = 3;

const keyOf = (number) => createHash("sha256").update(String(number)).digest("base64url");
const record = (expiresAtMs = Date.now() + HOUR_MS) => ({
  bytes: randomBytes(RECORD_BYTES),
  version: randomBytes(12).toString("base64url"),
  expiresAtMs,
});

/** @param {number} [plan.requests] sessions in the largest; the others have a tenth and a hundredth of it */
export async function run({ rounds, requests: largest = 1_000_000, names = Object.keys(growing), say }) {
  const sizes = [largest / 100, largest / 10, largest].map(Math.ceil);
  const results = [];
  const ratios = {};
  for (const name of names) {
    const stores = [];
    try {
      for (const count of sizes) stores.push(await filled(name, count, say));
      const found = new Map();
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < stores.length; i++) {
          const each = stores[(i + round) % stores.length];
          for (const [operation, us] of await measureOnce(each, round)) {
            const title = `${name} ${operation} at ${each.count}`;
            if (!found.has(title)) found.set(title, []);
            found.get(title).push(us);
            say(`round ${round + 1}: ${title} ${us.toFixed(1)} µs`);
          }
        }
      }
      for (const [title, values] of found)
        results.push(rounded({ name: title, unit: "µs", ...spread(values), values }));
      const [least, , most] = sizes;
      for (const operation of ["read", "write", "list", "sweep"]) {
        const [small, large] = [least, most].map((count) => found.get(`${name} ${operation} at ${count}`));
        if (small !== undefined) ratios[`${name} ${operation} ${most}/${least}`] = rounded(ratioSpread(large, small));
      }
      for (const { count, bytesEach } of stores) {
        results.push(
          rounded({
            name: `${name} bytes a session at ${count}`,
            unit: "bytes",
            ...spread([bytesEach]),
            values: [bytesEach],
          }),
        );
      }
    } finally {
      for (const each of stores) await each.close();
    }
  }
  return { name: "store-scale", node: process.versions.node, rounds, results, ratios };
}

/** A store with `count` sessions in it, and a user with a few more. */
async function filled(name, count, say) {
  const opened = await growing[name]();
  const { store } = opened;
  const before = await opened.bytes();
  const began = performance.now();
  await atOnce(count, (number) => store.write(keyOf(number), record(), "absent"));
  const bytesEach = ((await opened.bytes()) - before) / count;
  const sessions = createSessions({ store, keys: generateKey(createSystemRandom()), env: {} });
  for (let i = 0; i < LISTED; i++) {
    await (await sessions.load(new Request("https://shop.test"))).login("listed");
  }
  say(`${name}: ${count} sessions written in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  return { ...opened, count, bytesEach, sessions };
}

/** @returns µs for each operation, one after the other as a request waits for them */
async function measureOnce({ store, sessions, count }, round) {
  const some = Array.from({ length: Math.min(TIMES, count) }, (_, i) => keyOf(((i + round * TIMES) * STEP) % count));
  const found = new Map();
  const read = [];
  found.set("read", await usEach(some, async (key) => read.push(await store.read(key))));
  if (read.includes(undefined)) throw new Error("a session was not there");
  let at = 0;
  found.set(
    "write",
    await usEach(some, async (key) => {
      const { status } = await store.write(key, record(), read[at++].version);
      if (status !== "done") throw new Error(`a write was answered with ${status}`);
    }),
  );
  found.set(
    "list",
    await usEach(some.slice(0, TIMES / 8), async () => {
      if ((await sessions.list("listed")).length !== LISTED) throw new Error("a session is missing in the list");
    }),
  );
  if (store.sweep !== undefined) {
    const due = Date.now() + SWEPT_AFTER_MS;
    await atOnce(SWEPT, (number) => store.write(keyOf(`due ${round} ${number}`), record(due), "absent"));
    await new Promise((resolve) => setTimeout(resolve, due - Date.now() + 50));
    const began = performance.now();
    const swept = await store.sweep(SWEPT);
    // Writes sweep a little in passing.
    if (swept > 0) found.set("sweep", ((performance.now() - began) * 1_000) / swept);
  }
  return found;
}

async function usEach(items, work) {
  const began = performance.now();
  for (const item of items) await work(item);
  return ((performance.now() - began) * 1_000) / items.length;
}

async function atOnce(count, work) {
  let next = 0;
  const lane = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, lane));
}
