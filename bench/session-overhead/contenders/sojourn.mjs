import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { fastifySession } from "@sojourn/session/fastify";
import { honoSession } from "@sojourn/session/hono";
import { nodeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { nextUser, PROFILE } from "../../lib/data.mjs";

const adapters = { node: nodeSession, express: expressSession, fastify: fastifySession, hono: honoSession };

/** Defaults throughout; `insecureLoopback` because this server speaks http. Records on disk are sealed. */
export function create(framework, { keys, file }) {
  const store = file === undefined ? memoryStore() : sqliteStore(file);
  const session = adapters[framework](createSessions({ store, keys, cookie: { insecureLoopback: true } }));
  const known = (session) => ({ user: session.userId ?? null, n: session.get("n") ?? 0 });
  return {
    around: (handle) => session.handle(handle),
    use: framework === "hono" ? [session] : session,
    register: (app) => app.register(session),
    of: (request) => session.of(request),
    async login(session) {
      session.set("profile", PROFILE);
      session.increment("n");
      await session.login(nextUser());
      return known(session);
    },
    read: known,
    add(session) {
      session.increment("n");
      return known(session);
    },
  };
}
