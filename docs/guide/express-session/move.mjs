import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import express from "express";
import oldSession from "express-session";

/** A shop that has moved to Sojourn and takes along whoever still comes with a session of express-session. */
export function createShop({ oldStore, secret, ...options }) {
  const session = expressSession(createSessions(options));
  const app = express();
  app.use(session);
  app.use(oldSession({ store: oldStore, secret, resave: false, saveUninitialized: false }));
  app.use(async (req, _res, next) => {
    const { user, cart } = req.session;
    if (user === undefined && cart === undefined) return next();
    const mine = session.of(req);
    if (mine.userId === undefined) {
      if (cart !== undefined) mine.set("cart", cart);
      if (user !== undefined) await mine.login(user);
    }
    // Only now: if it fails, the next request finds the old session again.
    req.session.destroy(next);
  });
  app.get("/me", (req, res) => {
    const mine = session.of(req);
    res.json({ user: mine.userId ?? null, cart: mine.get("cart") ?? [] });
  });
  return app;
}
