// Ours: each session has a user of its own, so the store holds two records for it. The engine makes one pair; the
// others are copies with another user under other keys, because a million logins would take minutes. The store never
// looks into the bytes.
import { randomUUID } from "node:crypto";
import { systemClock } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { newSku, randomText } from "./random.mjs";

const EVERYTHING = Number.MAX_SAFE_INTEGER;
const LIFE_MS = 1_800_000;
const IDLE_MS = 500;
const KEY_BYTES = 32;
const VERSION_BYTES = 12;

export async function createOurs(sessions) {
  let nowMs = Date.now();
  const store = memoryStore({ clock: { ...systemClock, now: () => nowMs } });
  const template = await recordsOfOneVisit();
  const keys = [];
  let made = 0;
  let created = 0;

  /** Every other session expires at half time. */
  function make() {
    const userId = randomUUID();
    const expiresAtMs = nowMs + (made++ % 2 === 0 ? LIFE_MS / 2 : LIFE_MS);
    return template.map(({ prefix, bytes, userAt }) => {
      const own = Buffer.from(bytes);
      own.latin1Write(userId, userAt);
      return [prefix + randomText(KEY_BYTES), { bytes: own, version: randomText(VERSION_BYTES), expiresAtMs }];
    });
  }

  async function create(pair) {
    for (const [key, record] of pair) await store.write(key, record, "absent");
    // Enough to use: one in a hundred.
    if (created++ % 100 === 0) keys.push(pair.at(-1)[0]);
  }

  async function sweepWhileUsed() {
    let swept = false;
    const using = useUntil(() => swept);
    await store.sweep(EVERYTHING);
    swept = true;
    await using;
  }

  /** Requests in small groups, one group a turn: all read and write, one ends a session, one begins another. */
  async function useUntil(done) {
    while (!done()) {
      for (let i = 0; i < 20; i++) {
        const key = keys[Math.floor(Math.random() * keys.length)];
        const found = await store.read(key);
        if (found !== undefined)
          await store.write(key, { ...found, version: randomText(VERSION_BYTES) }, found.version);
        if (i === 0) await store.delete(key);
        if (i === 1) await create(make());
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const sweep = () => store.sweep(EVERYTHING);
  const pass = (ms) => {
    nowMs += ms;
  };
  return {
    make,
    create,
    sweeps: [
      { name: "no sweep at all", work: () => new Promise((resolve) => setTimeout(resolve, IDLE_MS)) },
      { name: "sweep with nothing expired", work: sweep },
      { name: "sweep while sessions are used", work: sweepWhileUsed },
      { name: "sweep with half expired", prepare: () => pass(LIFE_MS / 2), work: sweep },
      {
        name: "sweep with all expired",
        async prepare() {
          for (let i = 0; i < sessions / 2; i++) await create(make());
          pass(LIFE_MS);
        },
        work: sweep,
      },
    ],
  };
}

/** What the engine leaves of a visitor who logs in, chooses a theme and puts one thing into the cart. */
async function recordsOfOneVisit() {
  const written = new Map();
  const store = memoryStore();
  const noting = {
    ...store,
    write(key, record, expect) {
      written.set(key, record.bytes);
      return store.write(key, record, expect);
    },
  };
  const sessions = createSessions({ store: noting, env: {} });
  const userId = randomUUID();
  let cookie;
  async function visit(change) {
    const fields = { host: "shop.example.com", cookie };
    const request = { method: "GET", header: (name) => fields[name], remoteAddress: "192.0.2.7", encrypted: true };
    const session = await sessions.load(request);
    await change(session);
    const { setCookies } = await sessions.commit(session);
    cookie = setCookies[0]?.split(";")[0] ?? cookie;
  }
  await visit((session) => session.login(userId));
  await visit((session) => {
    session.set("theme", "dark");
    session.set("lang", "en-GB");
    session.push("cart", newSku());
  });
  if (written.size !== 2) throw new Error("the engine has left other records than a user's and a session's");
  return [...written].map(([key, bytes]) => {
    const userAt = Buffer.from(bytes).indexOf(userId);
    if (userAt === -1) throw new Error("a record does not name its user");
    return { prefix: key.startsWith("u.") ? "u." : "", bytes, userAt };
  });
}
