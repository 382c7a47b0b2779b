import { createServer } from "node:http";
import { createSessions } from "@sojourn/session";
import { auditFile } from "@sojourn/session/audit";
import { nodeSession } from "@sojourn/session/node";
import { openTelemetry } from "@sojourn/session/otel";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

const store = sqliteStore(process.env.SHOP_DB ?? "shop.db");
const audit = auditFile(process.env.SHOP_AUDIT ?? "audit.jsonl");
const sessions = createSessions({
  store,
  audit,
  telemetry: openTelemetry(),
  trustProxy: ["127.0.0.1", "::1"],
});

const server = createServer(
  nodeSession(sessions).handle(async (request, response, session) => {
    if (request.method === "POST" && request.url === "/login") await session.login("ada");
    if (request.method === "POST" && request.url === "/logout") await session.logout();
    response.end(`${session.userId ?? "nobody"}\n`);
  }),
);
server.listen(Number(process.env.PORT ?? "3000"), "127.0.0.1", () => console.log("ready"));

process.on("SIGTERM", () => {
  server.close(async () => {
    await store.close();
    await audit.close(); // last: it writes down what the last requests did
  });
});
