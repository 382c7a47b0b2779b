// express-session with its own memory store, as its README has it: `resave: false` because that store has `touch`,
// `saveUninitialized: false` for login sessions, and at login `regenerate`, then `save`. It is Connect middleware, so it
// runs on plain node:http as well.
import { promisify } from "node:util";
import session from "express-session";
import { nextUser, PROFILE } from "../../lib/data.mjs";

export function create(_framework, { keys }) {
  const use = session({ secret: keys, resave: false, saveUninitialized: false });
  const known = ({ user, n }) => ({ user: user ?? null, n: n ?? 0 });
  return {
    around: (handle) => (req, res) => use(req, res, (error) => (error ? res.destroy(error) : handle(req, res, req))),
    use,
    // The request, not its session: `regenerate` puts another one there.
    of: (req) => req,
    async login(req) {
      await promisify(req.session.regenerate).call(req.session);
      Object.assign(req.session, { user: nextUser(), n: 1, profile: PROFILE });
      await promisify(req.session.save).call(req.session);
      return known(req.session);
    },
    read: (req) => known(req.session),
    add(req) {
      req.session.n = (req.session.n ?? 0) + 1;
      return known(req.session);
    },
  };
}
