// iron-session 8 on Express, as its README has it: `getIronSession` for each request, `save` after a change, `destroy` at
// logout, `secure: false` on http. There is no ID to replace: what renews the cookie is to seal it again, so every save
// gives another one, and all of them open until they expire.
import { getIronSession } from "iron-session";
import { listenExpress } from "./express-app.mjs";

export function listen(routes, { secret }) {
  const options = { password: secret, cookieName: "session", cookieOptions: { secure: false } };
  return listenExpress(routes, undefined, async (req, res) => {
    const session = await getIronSession(req, res, options);
    return {
      user: () => session.user ?? null,
      n: () => session.n ?? 0,
      items: () => Object.keys(session).filter((key) => key.startsWith("item")),
      async login(user) {
        session.user = user;
        await session.save();
      },
      async add(item) {
        session[item] = true;
        session.n = (session.n ?? 0) + 1;
        await session.save();
      },
      renew: () => session.save(),
      logout: () => session.destroy(),
    };
  });
}
