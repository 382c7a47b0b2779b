import type { Session, Sessions } from "@sojourn/session";
import { expect } from "vitest";
import { failure, type Shop } from "../engine/support.ts";

/** Servers of one configuration, on one store if it has one. */
export interface Servers {
  /** A server; each has its own memory. @param more options */
  server(more?: object): Sessions<Shop>;
  /** One whose store answers nothing. Absent: there is no store. */
  readonly cut?: () => Sessions<Shop>;
  /** Moves time on. Needed where copies are kept. */
  readonly advance?: (ms: number) => void;
}

/** A client: keeps what it is given, in cookies or from a header. */
export class Client {
  #cookie = "";
  #token = "";

  /** A copy, as a thief has it. */
  copy(): Client {
    const copy = new Client();
    copy.#cookie = this.#cookie;
    copy.#token = this.#token;
    return copy;
  }

  load(sessions: Sessions<Shop>): Promise<Session<Shop>> {
    const headers = new Headers();
    if (this.#cookie !== "") headers.set("Cookie", this.#cookie);
    if (this.#token !== "") headers.set("Authorization", `Bearer ${this.#token}`);
    return Promise.resolve(sessions.load(new Request("https://shop.example.com/", { headers })));
  }

  async commit(sessions: Sessions<Shop>, session: Session<Shop>): Promise<void> {
    const { setCookies, headers = [] } = await sessions.commit(session);
    for (const line of setCookies) this.#cookie = line.split(";", 1)[0] ?? "";
    for (const [name, value] of headers) if (name === "Session-Token") this.#token = value;
  }

  async visit(sessions: Sessions<Shop>, handle: (session: Session<Shop>) => unknown): Promise<void> {
    const session = await this.load(sessions);
    await handle(session);
    await this.commit(sessions, session);
  }

  async user(sessions: Sessions<Shop>): Promise<string | undefined> {
    return (await this.load(sessions)).userId;
  }
}

async function loggedIn(sessions: Sessions<Shop>): Promise<Client> {
  const client = new Client();
  await client.visit(sessions, (session) => session.login("ada"));
  return client;
}

async function begun({ server }: Servers) {
  const [here, elsewhere] = [server(), server()];
  return { here, elsewhere, client: await loggedIn(here) };
}

const AT_ONCE = 20;

/** @returns how many of its changes stay when a client's requests change one list at the same moment. */
async function keptOf(servers: Servers, count: number): Promise<number> {
  const { here, elsewhere, client } = await begun(servers);
  const on = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? here : elsewhere));
  const requests = await Promise.all(on.map(async (server) => ({ server, session: await client.load(server) })));
  for (const [i, { session }] of requests.entries()) session.push("cart", `item ${i}`);
  await Promise.all(requests.map(({ server, session }) => client.commit(server, session)));
  // A server that has seen nothing yet has no copy.
  return (await client.load(servers.server())).get("cart")?.length ?? 0;
}

/** What holds where sessions lie in a store. */
export const inStore = {
  async updates(servers: Servers) {
    expect(await keptOf(servers, AT_ONCE)).toBe(AT_ONCE);
  },

  async logout(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    const slow = await client.load(elsewhere);
    const copy = client.copy();
    await client.visit(here, (session) => session.logout());
    slow.push("cart", "late");
    expect((await failure(copy.commit(elsewhere, slow))).code).toBe("SESSION_ENDED");
    expect([await copy.user(here), await copy.user(elsewhere)]).toEqual([undefined, undefined]);
  },

  async list(servers: Servers) {
    const { here, elsewhere } = await begun(servers);
    for (const server of [here, elsewhere, here]) await loggedIn(server);
    expect(await elsewhere.list("ada")).toHaveLength(4);
    expect(await elsewhere.list("bob")).toEqual([]);
  },

  async limit({ server }: Servers) {
    const limit = { limit: { sessions: 2 } };
    const servers = [server(limit), server(limit)] as const;
    const clients = [];
    for (const i of [0, 1, 0] as const) clients.push(await loggedIn(servers[i]));
    expect(await Promise.all(clients.map((client) => client.user(servers[1])))).toEqual([undefined, "ada", "ada"]);
    const strict = server({ limit: { sessions: 2, onLimit: "reject" } });
    expect((await failure(loggedIn(strict))).code).toBe("SESSION_LIMIT_REACHED");
  },

  async revoke(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    const other = await loggedIn(elsewhere);
    expect(await elsewhere.revokeUser("ada")).toBe(2);
    expect([await client.user(here), await other.user(elsewhere)]).toEqual([undefined, undefined]);
  },

  async down({ server, cut }: Servers) {
    const client = await loggedIn(server());
    const alone = cut?.() ?? expect.unreachable();
    expect((await failure(client.load(alone))).code).toBe("SESSION_STORE_DOWN");
    expect((await failure(loggedIn(alone))).code).toBe("SESSION_STORE_DOWN");
  },
};

/** What near copies change of it. @param stalenessMs as the servers have it */
export const nearCopies = (stalenessMs: number) => ({
  ...inStore,

  async logout(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    const copy = client.copy();
    // The first read of a new session makes the copy.
    expect([await copy.user(elsewhere), await copy.user(elsewhere)]).toEqual(["ada", "ada"]);
    await client.visit(here, (session) => session.logout());
    expect([await copy.user(here), await copy.user(elsewhere)]).toEqual([undefined, "ada"]);
    servers.advance?.(stalenessMs);
    expect(await copy.user(elsewhere)).toBeUndefined();
  },

  async revoke(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    const seen = [await client.user(elsewhere), await client.user(elsewhere)];
    let resolved = false;
    const revoking = here.revokeUser("ada").finally(() => {
      resolved = true;
    });
    while ((await client.user(here)) !== undefined) await new Promise((resolve) => setImmediate(resolve));
    expect([...seen, await client.user(elsewhere), resolved]).toEqual(["ada", "ada", "ada", false]);
    servers.advance?.(stalenessMs);
    expect(await revoking).toBe(1);
    expect(await client.user(elsewhere)).toBeUndefined();
  },
});

/** What holds where the client has the session: with a store for what has ended, or without. */
export const withClient = {
  async updates(servers: Servers) {
    expect(await keptOf(servers, AT_ONCE)).toBe(1);
  },

  async logoutNoted(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    const copy = client.copy();
    await client.visit(here, (session) => session.logout());
    expect([await client.user(here), await copy.user(here), await copy.user(elsewhere)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  },

  async logoutAlone(servers: Servers) {
    const { here, client } = await begun(servers);
    const copy = client.copy();
    await client.visit(here, (session) => session.logout());
    expect([await client.user(here), await copy.user(here)]).toEqual([undefined, "ada"]);
  },

  async list({ server }: Servers) {
    expect((await failure(server().list("ada"))).code).toBe("UNSUPPORTED");
  },

  limit({ server }: Servers) {
    expect(() => server({ limit: { sessions: 2 } })).toThrow(/^UNSUPPORTED: limit/);
  },

  async revokeNoted(servers: Servers) {
    const { here, elsewhere, client } = await begun(servers);
    expect(await elsewhere.revokeUser("ada")).toBe(0);
    expect([await client.user(here), await client.user(elsewhere)]).toEqual([undefined, undefined]);
  },

  async revokeAlone({ server }: Servers) {
    expect((await failure(server().revokeUser("ada"))).code).toBe("UNSUPPORTED");
  },

  async downNoted({ server, cut }: Servers) {
    const client = await loggedIn(server());
    expect((await failure(client.load(cut?.() ?? expect.unreachable()))).code).toBe("SESSION_STORE_DOWN");
  },

  async downAlone({ server }: Servers) {
    const options = { onStoreDown: "fail" };
    expect(() => server(options)).toThrow(/^UNSUPPORTED: onStoreDown/);
    expect(await (await loggedIn(server())).user(server())).toBe("ada");
  },
};
