import { createServer } from "node:http";
import { createSessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

const store = sqliteStore(process.env.SHOP_DB ?? "shop.db");
const sessions = createSessions({
  store,
  trustProxy: (process.env.TRUST_PROXY ?? "127.0.0.1,::1").split(","),
  idle: "30m",
  absolute: "12h",
  persistent: { idle: "7d", absolute: "30d" },
  limit: { sessions: 10 },
  onEvent: (event) => console.log(JSON.stringify(event)),
});
console.log(String(sessions.policy()));

const withSession = nodeSession(sessions).handle(async (request, response, session) => {
  if (request.method === "POST" && request.url === "/login") {
    await session.login("ada"); // check the password first
    return response.end();
  }
  response.end(`${session.userId ?? "nobody"}\n`);
});

const server = createServer((request, response) => {
  // Health is answered without a session: a store that is down takes no server out.
  if (request.url === "/healthz") response.end("ok\n");
  else withSession(request, response);
});
const { PORT = "3000", HOST = "127.0.0.1" } = process.env;
server.listen(Number(PORT), HOST, () => console.log("ready"));

process.on("SIGTERM", () => {
  // Requests in flight are answered and committed before the store is closed.
  server.close(() => store.close());
});
