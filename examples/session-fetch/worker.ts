import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { withSession } from "@sojourn/session/fetch";
import { env } from "./env.ts";

const carrier = sealedCookie({ revocation: "none" });
const sessions = createSessions<{ visits: number }>({ carrier, keys: env.SOJOURN_KEYS });
export default {
  fetch: withSession(sessions, async (request, session) => {
    if (new URL(request.url).pathname === "/login") {
      await session.login("123", { persistent: true });
      return new Response("Logged in");
    }
    if (!session.userId) return new Response("Unauthorized", { status: 401 });
    session.increment("visits");
    return Response.json({ user: session.userId, visits: session.get("visits") });
  }),
};
