// Sojourn: three processes, one SQLite file.
import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

export default function useSessions(app) {
  const sessions = createSessions({
    store: sqliteStore(`${process.env.PROOF_FOLDER}/shop.db`),
    cookie: { insecureLoopback: true },
    trustProxy: ["127.0.0.1"],
  });
  const session = expressSession(sessions);
  app.use(session);
  return {
    user: (request) => session.of(request).userId ?? null,
    items: (request) => session.of(request).get("cart") ?? [],
    login: (request, user) => session.of(request).login(user),
    add: (request, item) => session.of(request).push("cart", item),
    logout: (request) => session.of(request).logout(),
  };
}
