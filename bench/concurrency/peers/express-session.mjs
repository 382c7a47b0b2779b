// express-session 1.19 with its own memory store, as its README has it:
// * `resave: false` (options, `resave`): right for stores that have `touch`, as the memory store has;
// * `saveUninitialized: false` (options, `saveUninitialized`): the choice for login sessions;
// * login and logout: the section "User login" (regenerate, then set the user and save; unset the user, save, regenerate).
// The README knows no way to renew an ID but `regenerate`; the application carries the data over.
import { promisify } from "node:util";
import session from "express-session";
import { listenExpress } from "./express-app.mjs";

export function listen(routes, { secret }) {
  return listenExpress(routes, session({ secret, resave: false, saveUninitialized: false }), (req) => {
    const regenerate = () => promisify(req.session.regenerate).call(req.session);
    const save = () => promisify(req.session.save).call(req.session);
    return {
      user: () => req.session.user ?? null,
      n: () => req.session.n ?? 0,
      items: () => Object.keys(req.session).filter((key) => key.startsWith("item")),
      async login(user) {
        await regenerate();
        req.session.user = user;
        await save();
      },
      // One key a request, not a list: the kindest case for a library that writes whole sessions.
      add(item) {
        req.session[item] = true;
        req.session.n = (req.session.n ?? 0) + 1;
      },
      async renew() {
        const { cookie: _, ...data } = req.session;
        await regenerate();
        Object.assign(req.session, data);
      },
      async logout() {
        req.session.user = null;
        await save();
        await regenerate();
      },
    };
  });
}
