// @fastify/session with connect-redis, which it takes as express-session does: defaults but for `cookie.secure: false`,
// and `saveUninitialized: false`. At login `regenerate`.
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { RedisStore } from "connect-redis";
import { nextUser, PROFILE } from "../data.mjs";

export function create(_database, client, { keys }) {
  const known = ({ user, n }) => ({ user: user ?? null, n: n ?? 0 });
  return {
    register(app) {
      app.register(fastifyCookie);
      app.register(fastifySession, {
        store: new RedisStore({ client }),
        secret: keys,
        cookie: { secure: false },
        saveUninitialized: false,
      });
    },
    of: (request) => request,
    async login(request) {
      await request.session.regenerate();
      Object.assign(request.session, { user: nextUser(), n: 1, profile: PROFILE });
      return known(request.session);
    },
    read: (request) => known(request.session),
    add(request) {
      request.session.n = (request.session.n ?? 0) + 1;
      return known(request.session);
    },
    begin(request) {
      request.session.n = 1;
      return known(request.session);
    },
    async logout(request) {
      await request.session.destroy();
      return null;
    },
  };
}
