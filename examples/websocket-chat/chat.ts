import { createServer, type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { createSessions } from "@sojourn/session";
import { nodeSession, upgradeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { type WebSocket, WebSocketServer } from "ws";

const sessions = createSessions({ store: memoryStore() });

/** POST /login?user=NAME and POST /logout; the rest happens on sockets. */
const server = createServer(
  nodeSession(sessions).handle<IncomingMessage, ServerResponse>(async (request, response, session) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const user = searchParams.get("user");
    if (request.method === "POST" && pathname === "/login" && user) await session.login(user);
    else if (request.method === "POST" && pathname === "/logout") await session.logout();
    else response.statusCode = 404;
    response.end();
  }),
);

const sockets = new WebSocketServer({ noServer: true, maxPayload: 4096 });

server.on("upgrade", async (request, socket, head) => {
  socket.on("error", () => {}); // the client has gone
  try {
    const { id, userId } = await upgradeSession(sessions, request);
    if (id === undefined || userId === undefined) refuse(socket, 401);
    else sockets.handleUpgrade(request, socket, head, (chatter) => join(chatter, id, userId));
  } catch (error) {
    refuse(socket, (error as { status?: number }).status ?? 500); // 403: a page of another site; 503: no store
  }
});

/** Logged out, revoked or expired: the socket hears of it, though it sends no more cookies. */
function join(chatter: WebSocket, sessionId: string, user: string): void {
  const stopListening = sessions.onEnd(sessionId, () => chatter.close(4401, "the session has ended"));
  chatter.on("close", stopListening);
  chatter.on("error", () => {}); // `close` follows
  chatter.on("message", (text) => {
    for (const each of sockets.clients) each.send(`${user}: ${text}`);
  });
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
