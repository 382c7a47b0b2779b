import { withSession } from "@sojourn/session/fetch";
import { sessions } from "../../lib/session.ts";

export const POST = withSession(sessions, async (_request, session) => {
  await session.logout();
  return new Response(null, { status: 303, headers: { Location: "/" } });
});
