import { withSession } from "@sojourn/session/fetch";
import { sessions } from "../../lib/session.ts";

export const POST = withSession(sessions, async (request, session) => {
  const user = (await request.formData()).get("user");
  if (typeof user !== "string" || user === "") return new Response("Who are you?", { status: 400 });
  await session.login(user); // check the password first, in an app of yours
  return new Response(null, { status: 303, headers: { Location: "/cart/all" } });
});
