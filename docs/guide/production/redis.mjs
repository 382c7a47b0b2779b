import { createServer } from "node:http";
import { createSessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { redisStore } from "@sojourn/session/stores/redis";
import { createClient } from "redis";

const redis = await createClient({ url: process.env.REDIS_URL }).connect();
const sessions = createSessions({ store: redisStore(redis), trustProxy: ["127.0.0.1", "::1"] });

const server = createServer(
  nodeSession(sessions).handle(async (request, response, session) => {
    if (request.method === "POST" && request.url === "/login") await session.login("ada");
    if (request.method === "POST" && request.url === "/logout") await session.logout();
    response.end(`${session.userId ?? "nobody"}\n`);
  }),
);
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => console.log("ready"));

process.on("SIGTERM", () => server.close(() => redis.close()));
