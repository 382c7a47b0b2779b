// Ours with a store, on plain node:http. Defaults throughout, but for `insecureLoopback`: this server speaks http.
import { createSessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { tieredStore } from "@sojourn/session/stores/tiered";
import { nextUser, PROFILE } from "../data.mjs";

const stores = {
  tiered: (client) => tieredStore(redisStore(client), { staleness: "5s" }),
  redis: (client, prefix) => redisStore(client, prefix === undefined ? {} : { prefix }),
  async postgres(client) {
    const { postgresMigration } = await import("@sojourn/session/stores/postgres");
    await client.query(postgresMigration());
    return postgresStore(client);
  },
};

/** @param {object} [input.options] for createSessions @param {string} [input.prefix] of keys, where several share a Redis
 * @param {boolean} [input.tiered] near copies over it */
export async function create(database, client, { keys, prefix, tiered = false, options = {} }) {
  const store = await stores[tiered ? "tiered" : database](client, prefix);
  const sessions = createSessions({ store, keys, cookie: { insecureLoopback: true }, ...options });
  const known = (session) => ({ user: session.userId ?? null, n: session.get("n") ?? 0 });
  let user;
  return {
    around: (handle) => nodeSession(sessions).handle(handle),
    async login(session) {
      session.set("profile", PROFILE);
      session.increment("n");
      user = nextUser();
      await session.login(user);
      return known(session);
    },
    read: known,
    add(session) {
      session.increment("n");
      return known(session);
    },
    begin(session) {
      session.set("n", 1);
      return known(session);
    },
    async logout(session) {
      await session.logout();
      return known(session);
    },
    list: async () => (await sessions.list(user)).length,
    async revoke() {
      await sessions.revokeUser(user);
      return null;
    },
  };
}
