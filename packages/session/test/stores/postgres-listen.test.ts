import { createSessions } from "@sojourn/session";
import { type PgListener, type PostgresClient, postgresStore } from "@sojourn/session/stores/postgres";
import { createFakeClock, createFakeRandom } from "@sojourn/session/testing";
import pg from "pg";
import { describe, expect, it, onTestFinished } from "vitest";
import { requireServer } from "../../../../test/fixtures/require-server.ts";
import { createClient, KEY_A, type Shop, turn, visit } from "../engine/support.ts";
import { DAY_MS, type Fresh, openPool, record, sharePostgresSchemas } from "./fixtures/postgres-database.ts";

const freshSchema = sharePostgresSchemas();

/** What is heard, in order, and a way to wait for it. */
function ear() {
  const heard: (string | undefined)[] = [];
  let wake = () => {};
  return {
    hear(key: string | undefined) {
      heard.push(key);
      wake();
    },
    async next(): Promise<string | undefined> {
      while (heard.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return heard.shift();
    },
  };
}

async function openListening(fresh: Fresh, clock = createFakeClock()) {
  const listen = () => new pg.Client(fresh.url);
  const store = postgresStore(openPool(fresh.url), { schema: fresh.schema, listen, clock, random: createFakeRandom() });
  onTestFinished(() => store.close());
  await store.migrate();
  return { store, clock };
}

const listeners = (fresh: Fresh) =>
  fresh.admin.query("SELECT pid FROM pg_stat_activity WHERE query IN ('LISTEN \"sojourn_sessions\"', 'SELECT 1')");

requireServer("postgres")("a store that listens", () => {
  it("hears what others end, and nothing else", async () => {
    const fresh = await freshSchema();
    const [{ store: here }, { store: there }] = [await openListening(fresh), await openListening(fresh)];
    const { hear, next } = ear();
    here.watch?.(hear);
    expect(await next()).toBeUndefined(); // it listens now; before, anything may have been said
    for (const key of ["a", "b"]) await there.write(key, record(), "absent");
    await there.write("a", record("w"), "v");
    await there.touch("a", Date.now() + 5 * DAY_MS, 9e15);
    await there.delete("none");
    await there.write("a", record("x", { shortens: true, expiresAtMs: Date.now() + 5 }), "stale");
    await there.write("a", record("x", { shortens: true, expiresAtMs: Date.now() + DAY_MS }), "w");
    expect(await next()).toBe("a");
    await there.delete("b");
    expect(await next()).toBe("b");
  });

  it("says that anything may have changed when it listens again after its connection was cut", async () => {
    const fresh = await freshSchema();
    const { store, clock } = await openListening(fresh);
    const { hear, next } = ear();
    store.watch?.(hear);
    await next();
    const armed = clock.armed;
    await fresh.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN "sojourn_sessions"'`,
    );
    await store.write("a", record(), "absent");
    await store.delete("a");
    await expect.poll(() => clock.armed).toBe(armed); // the pause has taken the place of the questions
    clock.advance(100);
    expect(await next()).toBeUndefined();
    await store.write("b", record(), "absent");
    await store.delete("b");
    expect(await next()).toBe("b");
  });

  it("holds its connection while somebody watches, and not longer", async () => {
    const fresh = await freshSchema();
    const { store } = await openListening(fresh);
    const before = (await listeners(fresh)).rowCount ?? 0;
    const first = ear();
    const second = ear();
    const stop = [store.watch?.(first.hear), store.watch?.(second.hear)];
    await Promise.all([first.next(), second.next()]);
    expect((await listeners(fresh)).rowCount).toBe(before + 1);
    stop[0]?.();
    await store.write("a", record(), "absent");
    await store.delete("a");
    expect(await second.next()).toBe("a");
    stop[1]?.();
    await expect.poll(async () => (await listeners(fresh)).rowCount).toBe(before);
  });

  it("lets a live connection hear at once that another server has ended its session", async () => {
    const fresh = await freshSchema();
    const servers = await Promise.all(
      [1, 2].map(async () => createSessions<Shop>({ store: (await openListening(fresh)).store, keys: KEY_A, env: {} })),
    );
    const client = createClient();
    const { result: id } = await visit(servers[0] as (typeof servers)[0], client, async (session) => {
      await session.login("ann");
      return session.id ?? "";
    });
    const ended = new Promise<void>((resolve) => servers[0]?.onEnd(id, resolve));
    await servers[1]?.revokeUser("ann");
    await ended;
  });
});

describe("listening", () => {
  /** Connections that the test answers for. */
  function fakeListener() {
    const clients: { said: string[]; emit(event: string, message?: object): void; silent: boolean; ended: boolean }[] =
      [];
    let refuse = false;
    const listen = (): PgListener => {
      const handlers = new Map<string, (message: { payload?: string }) => void>();
      const client = {
        said: [] as string[],
        silent: false,
        ended: false,
        emit: (event: string, message: object = {}) => handlers.get(event)?.(message),
      };
      clients.push(client);
      return {
        connect: async () => {
          if (refuse) throw new Error("no server");
        },
        query: (text: string) => {
          client.said.push(text);
          return client.silent ? new Promise(() => {}) : Promise.resolve();
        },
        on: (event: string, handler: (message: { payload?: string }) => void) => handlers.set(event, handler),
        end: async () => {
          client.ended = true;
        },
      };
    };
    return { clients, listen, refuse: (on: boolean) => (refuse = on) };
  }

  const client: PostgresClient = { query: async () => ({ rows: [] }) };

  function watching() {
    const fake = fakeListener();
    const clock = createFakeClock();
    const store = postgresStore(client, { listen: fake.listen, clock, random: createFakeRandom() });
    const heard: (string | undefined)[] = [];
    return { ...fake, clock, store, heard, stop: store.watch?.((key) => heard.push(key)) };
  }

  it("is given up and begun again when the other side answers no more", async () => {
    const { clients, clock, heard } = watching();
    await turn();
    clock.advance(30_000);
    await turn();
    expect(clients[0]?.said).toEqual(['LISTEN "sojourn_sessions"', "SELECT 1"]);
    if (clients[0] !== undefined) clients[0].silent = true;
    clock.advance(30_000);
    clock.advance(30_000);
    expect(clients[0]?.ended).toBe(true);
    clock.advance(100);
    await turn();
    expect(clients).toHaveLength(2);
    expect(heard).toEqual([undefined, undefined]);
    clients[0]?.emit("notification", { payload: "stale" });
    clients[1]?.emit("notification", { payload: "k" });
    expect(heard).toEqual([undefined, undefined, "k"]);
  });

  it("is tried again ever more slowly, at most every 30 s, and at once quickly after it worked", async () => {
    const { clients, clock, refuse } = watching();
    await turn();
    refuse(true);
    clients[0]?.emit("end");
    clients[0]?.emit("error");
    for (let i = 0; i < 20; i++) {
      clock.advance(30_000);
      await turn();
    }
    expect(clients.length).toBe(21);
    refuse(false);
    clock.advance(30_000);
    await turn();
    clients.at(-1)?.emit("end");
    const before = clients.length;
    clock.advance(100);
    await turn();
    expect(clients).toHaveLength(before + 1);
  });

  it("ends with the last watcher and with the store, also while it connects or pauses", async () => {
    const { clients, clock, stop, store } = watching();
    stop?.();
    await turn();
    expect(clients[0]?.ended).toBe(true);
    store.watch?.(() => {});
    await turn();
    clients[1]?.emit("error");
    await store.close();
    clock.advance(60_000);
    await turn();
    expect(clients).toHaveLength(2);
    expect(clock.armed).toBe(0);
  });

  it("is not offered without a connection for it", () => {
    expect(postgresStore(client).watch).toBeUndefined();
  });
});
