import { formatDuration, fromUtf8, type Runtime, SojournError, toBase64Url, utf8 } from "@sojourn/core";
import { pause } from "../in-store/backoff.ts";
import type { StoreCalls } from "../in-store/calls.ts";
import { settled } from "../in-store/parts.ts";
import { settleDelete, settleWrite } from "../in-store/settle.ts";
import type { StoreTime } from "../in-store/time.ts";
import type { AnyStore, StoredRecord } from "../store.ts";
import type { Vault } from "../vault.ts";
import { mergeSessions } from "./merge.ts";
import type { ExpressSessionData } from "./shapes.ts";
import { createTurns } from "./turns.ts";

export interface RecordParts {
  readonly store: AnyStore;
  readonly calls: StoreCalls;
  readonly runtime: Runtime;
  readonly time: StoreTime;
  readonly vault: Vault;
  /** How long a session lives whose cookie says nothing. */
  readonly idleMs: number;
}

/** Sessions of express-session as records of ours. */
export interface ExpressRecords {
  find(sid: string): Promise<ExpressSessionData | undefined>;
  /** Another object stands for the session from now on: `req.session` for what `find` gave. */
  becomes(found: object, session: object): void;
  save(sid: string, session: ExpressSessionData): Promise<void>;
  touch(sid: string, session: ExpressSessionData): Promise<void>;
  end(sid: string): Promise<void>;
  /** Keys of living sessions, in batches. Absent where the store cannot be scanned. */
  readonly keys: (() => AsyncGenerator<readonly string[]>) | undefined;
  at(key: string): Promise<ExpressSessionData | undefined>;
  endAt(key: string): Promise<void>;
}

/** What an object is known to stand for. A write through it expects this version, so it revives nothing. */
interface Known {
  readonly key: string;
  readonly version: string;
  /** What the store held under that version. */
  readonly standing: string;
  /** The object itself, when it was read or last written. */
  readonly began: string;
}

/** Sessions of Sojourn itself may lie in the same store; their keys have no dot. */
const PREFIX = "express.";
const SAVE_WITHIN_MS = 5_000;

export function createExpressRecords({ store, calls, runtime, time, vault, idleMs }: RecordParts): ExpressRecords {
  const { clock, crypto, random } = runtime;
  const parts = { calls, runtime };
  const known = new WeakMap<object, Known>();
  const inTurn = createTurns();

  const keyOf = async (sid: string) => PREFIX + (await crypto.sha256Base64Url(utf8(sid)));
  const until = () => clock.monotonic() + SAVE_WITHIN_MS;
  const lifeOf = (session: ExpressSessionData) => session.cookie?.originalMaxAge ?? idleMs;

  /** In store time, on which this process's clock may have another opinion. */
  async function deadlineOf(session: ExpressSessionData): Promise<number> {
    await time.refresh();
    const expires = session.cookie?.expires;
    const leftMs = expires == null ? idleMs : new Date(expires).valueOf() - clock.now();
    return time.now() + (Number.isFinite(leftMs) ? leftMs : idleMs);
  }

  async function open(key: string, record: StoredRecord | undefined): Promise<string | undefined> {
    const opened = record && (await settled(vault.open(key, record.bytes)));
    return opened && fromUtf8(opened);
  }

  async function at(key: string): Promise<ExpressSessionData | undefined> {
    const record = await calls.read(key);
    const text = await open(key, record);
    if (record === undefined || text === undefined) return undefined;
    const session = JSON.parse(text);
    // Touches have moved the record's deadline, not what is written in it.
    if (session.cookie?.expires != null) {
      await time.refresh();
      session.cookie.expires = new Date(clock.now() + record.expiresAtMs - time.now()).toISOString();
    }
    known.set(session, { key, version: record.version, standing: text, began: text });
    return session;
  }

  async function save(key: string, session: ExpressSessionData): Promise<void> {
    const wanted = JSON.stringify(session);
    const life = lifeOf(session);
    const expiresAtMs = await deadlineOf(session);
    const own = known.get(session);
    const mine = own?.key === key ? own : undefined;
    let expected: { readonly version: string; readonly standing: string } | undefined = mine;
    const giveUpAt = until();
    for (let attempt = 0; ; attempt++) {
      const text = mine && expected ? mergeSessions(mine.began, wanted, expected.standing) : wanted;
      const version = toBase64Url(random.bytes(12));
      const bytes = await settled(vault.seal(key, utf8(text)));
      const shortens = expected !== undefined && life < lifeOf(JSON.parse(expected.standing));
      const record = { bytes, version, expiresAtMs, shortens };
      const written = await settleWrite(parts, key, record, expected?.version ?? "absent", giveUpAt);
      // Gone: it was destroyed while this request ran, and stays so.
      if (written.status !== "conflict") {
        if (written.status === "done") known.set(session, { key, version, standing: text, began: wanted });
        return;
      }
      if (clock.monotonic() >= giveUpAt)
        throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(SAVE_WITHIN_MS) });
      await pause(attempt, runtime);
      const stored = written.stored ?? (await calls.read(key));
      if (stored === undefined) return;
      expected = { version: stored.version, standing: (await open(key, stored)) ?? wanted };
    }
  }

  async function touch(key: string, session: ExpressSessionData): Promise<void> {
    const expiresAtMs = await deadlineOf(session);
    if (store.touch !== undefined) {
      const move = store.touch.bind(store);
      await calls.ask("touch", () => move(key, expiresAtMs, expiresAtMs));
      return;
    }
    const record = await calls.read(key);
    if (record === undefined) return;
    const moved = { bytes: record.bytes, version: toBase64Url(random.bytes(12)), expiresAtMs };
    // Whoever came in between has moved the deadline as well.
    await settleWrite(parts, key, moved, record.version, until());
  }

  async function endAt(key: string): Promise<void> {
    await settleDelete(parts, key, until());
  }

  async function* keys(scan: NonNullable<AnyStore["scan"]>): AsyncGenerator<readonly string[]> {
    for await (const batch of scan.call(store)) yield batch.filter((key) => key.startsWith(PREFIX));
  }

  const { scan } = store;
  return {
    find: async (sid) => at(await keyOf(sid)),
    becomes(found, session) {
      const own = known.get(found);
      if (own !== undefined) known.set(session, own);
    },
    async save(sid, session) {
      const key = await keyOf(sid);
      return inTurn(key, () => save(key, session));
    },
    touch: async (sid, session) => touch(await keyOf(sid), session),
    end: async (sid) => endAt(await keyOf(sid)),
    keys: scan && (() => keys(scan)),
    at,
    endAt,
  };
}
