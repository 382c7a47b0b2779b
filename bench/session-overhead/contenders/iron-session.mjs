// iron-session 8 (9 asks for Node 22) on node:http, as its README has it: `getIronSession` for each request, `save` after
// a change, `secure: false` on http. The session is sealed in the cookie; there is no store.
import { getIronSession } from "iron-session";
import { nextUser, PROFILE } from "../../lib/data.mjs";

export function create(_framework, { keys }) {
  const options = { password: keys, cookieName: "session", cookieOptions: { secure: false } };
  const known = ({ user, n }) => ({ user: user ?? null, n: n ?? 0 });
  return {
    around: (handle) => async (req, res) => handle(req, res, await getIronSession(req, res, options)),
    async login(session) {
      Object.assign(session, { user: nextUser(), n: 1, profile: PROFILE });
      await session.save();
      return known(session);
    },
    read: known,
    async add(session) {
      session.n = (session.n ?? 0) + 1;
      await session.save();
      return known(session);
    },
  };
}
