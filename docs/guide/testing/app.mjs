import { createSessions } from "@sojourn/session";
import { withSession } from "@sojourn/session/fetch";

/** The app under test. It takes its store and its runtime, so that a test can bring its own. */
export function createApp({ store, runtime }) {
  const sessions = createSessions({ store, runtime });
  const fetch = withSession(sessions, async (request, session) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/login") await session.login("ada", { persistent: searchParams.has("remember") });
    if (pathname === "/logout") await session.logout();
    if (pathname === "/cart" && request.method === "POST") session.push("cart", await request.text());
    return Response.json({ user: session.userId ?? null, items: session.get("cart") ?? [] });
  });
  return { sessions, fetch };
}
