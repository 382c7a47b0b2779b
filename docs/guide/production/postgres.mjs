import { createServer } from "node:http";
import { createSessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { postgresStore } from "@sojourn/session/stores/postgres";
import { Client, Pool } from "pg";

const url = process.env.DATABASE_URL;
const pool = new Pool({ connectionString: url });
const store = postgresStore(pool, { listen: () => new Client(url) });
await store.migrate();
const sessions = createSessions({ store, trustProxy: ["127.0.0.1", "::1"] });

const server = createServer(
  nodeSession(sessions).handle(async (request, response, session) => {
    if (request.method === "POST" && request.url === "/login") await session.login("ada"); // check the password first
    response.end(`${session.userId ?? "nobody"}\n`);
  }),
);
server.listen(Number(process.env.PORT ?? "3000"), "127.0.0.1", () => console.log("ready"));

process.on("SIGTERM", () => {
  server.close(async () => {
    await store.close();
    await pool.end();
  });
});
