import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { listenExpress } from "./express-app.mjs";

/** Defaults throughout; `insecureLoopback` because this server speaks http. */
export function listen(routes, { kind, secret, file }) {
  const store = kind === "sojourn-memory" ? memoryStore() : sqliteStore(file);
  const use = expressSession(createSessions({ store, keys: secret, cookie: { insecureLoopback: true } }));
  return listenExpress(routes, use, (req) => {
    const session = use.of(req);
    return {
      user: () => session.userId ?? null,
      n: () => session.get("n") ?? 0,
      items: () => session.get("items") ?? [],
      login: (user) => session.login(user),
      add(item) {
        session.push("items", item);
        session.increment("n");
      },
      renew: () => session.rotate(),
      logout: () => session.logout(),
    };
  });
}
