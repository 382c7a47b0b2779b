import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createSessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

const sessions = createSessions({
  store: sqliteStore(process.env.DATABASE ?? "sessions.db"),
  keys: process.env.SOJOURN_KEYS,
  persistent: { idle: "14d", absolute: "31d" },
  cookie: { insecureLoopback: process.env.NODE_ENV !== "production" }, // plain http on this machine
});

const server = createServer(
  nodeSession(sessions).handle<IncomingMessage, ServerResponse>(async (request, response, session) => {
    response.setHeader("Content-Type", "text/plain; charset=utf-8");
    switch (request.url?.split("?", 1)[0]) {
      case "/login":
        await session.login("123", { persistent: true }); // the cookie outlives the browser
        return response.end("Logged in");
      case "/profile":
        if (session.userId !== undefined) return response.end(`User ${session.userId}`);
        response.statusCode = 401;
        return response.end("Unauthorized");
      default:
        response.statusCode = 404;
        return response.end("Not Found");
    }
  }),
);
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
