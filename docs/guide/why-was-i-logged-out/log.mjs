import { createSessions } from "@sojourn/session";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

export const sessions = createSessions({
  store: sqliteStore("shop.db"),
  onEvent: (event) => console.log(JSON.stringify({ ...event, at: new Date(event.atMs) })),
});
