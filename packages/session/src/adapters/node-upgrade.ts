import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkNodeRequest, checkSessions } from "./check.ts";
import { type NodeRequest, nodeRequest } from "./node-request.ts";

/**
 * The session of a WebSocket handshake, for the `upgrade` event of a Node server. Every site may open a socket with
 * the user's cookies, so `Sec-Fetch-Site` and `Origin` are judged as for an unsafe request (RFC 6455 §10.2).
 *
 * A handshake is activity, but its answer sets no cookie: operations that need one throw SESSION_HEADERS_SENT. Data is
 * committed by `session.commit()`. What the view holds grows old: `sessions.onEnd(session.id, …)` tells a live socket.
 * @throws what `sessions.load` throws; answer with the error's `status` and make no socket.
 */
export async function upgradeSession<Data extends object>(
  sessions: Sessions<Data>,
  request: NodeRequest,
): Promise<Session<Data>> {
  checkSessions("upgradeSession", sessions);
  checkNodeRequest(request);
  const { headers, socket } = request;
  // Over HTTP/2 this is the method of a handshake (RFC 8441 §4); GET would pass as safe.
  const session = await sessions.load(nodeRequest({ method: "CONNECT", headers, socket }));
  sessions.headersSent(session);
  await sessions.commit(session);
  return session;
}
