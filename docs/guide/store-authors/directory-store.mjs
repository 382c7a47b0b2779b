import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const FILE = /^[0-9a-f]{64}$/;

/** Sessions as files of a folder, for one process at a time. A kill loses nothing answered; a power cut may. */
export function directoryStore(folder, { clock = Date } = {}) {
  const turns = new Map();

  /** Compare and write are two steps here: one after the other for each key, they are atomic. */
  function inTurn(key, work) {
    const mine = (turns.get(key) ?? Promise.resolve()).then(work, work);
    turns.set(key, mine);
    const over = () => turns.get(key) === mine && turns.delete(key);
    mine.then(over, over);
    return mine;
  }

  /** Any key is a name: not by its own text, which may be too long, hold a slash, or differ in case only. */
  const pathOf = (key) => join(folder, createHash("sha256").update(key).digest("hex"));

  async function load(path) {
    try {
      const { bytes, ...rest } = JSON.parse(await readFile(path, "utf8"));
      return { ...rest, bytes: new Uint8Array(Buffer.from(bytes, "base64")) };
    } catch (error) {
      // What is not there is an answer. Everything else is a store that failed, and must reject.
      if (error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  async function save(key, { bytes, version, expiresAtMs }) {
    const [path, text] = [pathOf(key), Buffer.from(bytes).toString("base64")];
    await mkdir(folder, { recursive: true });
    // Whole or not at all: a reader never sees half a file.
    await writeFile(`${path}.new`, JSON.stringify({ key, version, expiresAtMs, bytes: text }), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  const lives = (record) => record !== undefined && record.expiresAtMs > clock.now();

  async function living(key) {
    const record = await load(pathOf(key));
    return lives(record) ? record : undefined;
  }

  async function everything() {
    await mkdir(folder, { recursive: true });
    const names = await readdir(folder);
    return names.filter((name) => FILE.test(name)).map((name) => join(folder, name));
  }

  return {
    traits: { name: "directory", shared: true },

    async read(key) {
      const record = await living(key);
      return record && { bytes: record.bytes, version: record.version, expiresAtMs: record.expiresAtMs };
    },

    async write(key, record, expect) {
      const given = { ...record, bytes: new Uint8Array(record.bytes) };
      return inTurn(key, async () => {
        const found = await living(key);
        if (found === undefined && expect !== "absent") return { status: "gone" };
        if (found !== undefined && found.version !== expect) return { status: "conflict", version: found.version };
        if (found !== undefined && !given.shortens) given.expiresAtMs = Math.max(found.expiresAtMs, given.expiresAtMs);
        await save(key, given);
        return { status: "done" };
      });
    },

    async delete(key) {
      return inTurn(key, async () => {
        const found = await living(key);
        await rm(pathOf(key), { force: true });
        return found !== undefined;
      });
    },

    async touch(key, expiresAtMs, onlyIfBelowMs) {
      return inTurn(key, async () => {
        const found = await living(key);
        if (found === undefined) return false;
        const later = Math.max(found.expiresAtMs, expiresAtMs);
        if (found.expiresAtMs < onlyIfBelowMs) await save(key, { ...found, expiresAtMs: later });
        return true;
      });
    },

    async sweep(limit) {
      let deleted = 0;
      for (const path of await everything()) {
        if (deleted >= limit) break;
        const record = await load(path);
        if (record === undefined || lives(record)) continue;
        // Looked at once more in its turn: somebody may have begun a new one under this key.
        deleted += await inTurn(record.key, async () => {
          const now = await load(path);
          if (now === undefined || lives(now)) return 0;
          await rm(path, { force: true });
          return 1;
        });
      }
      return deleted;
    },

    async *scan(batch = 1_000) {
      let keys = [];
      for (const path of await everything()) {
        const record = await load(path);
        if (!lives(record) || keys.push(record.key) < batch) continue;
        yield keys;
        keys = [];
      }
      if (keys.length > 0) yield keys;
    },
  };
}
