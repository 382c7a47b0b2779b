import type { Session } from "@sojourn/session";
import { withSession } from "@sojourn/session/fetch";
import { sessions } from "../../../lib/session.ts";

/** What Next.js hands a route handler beside the request. */
interface Context {
  readonly params: Promise<{ readonly item: string }>;
}

const cart = (session: Session<{ cart: string[] }>) =>
  Response.json({ user: session.userId ?? null, items: session.get("cart") ?? [] });

export const GET = withSession(sessions, (_request, session, _context: Context) => cart(session));

export const POST = withSession(sessions, async (_request, session, { params }: Context) => {
  session.push("cart", (await params).item);
  return cart(session);
});
