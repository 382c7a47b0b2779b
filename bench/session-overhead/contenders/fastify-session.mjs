// @fastify/session with its own memory store, as its README has it: defaults but for `cookie.secure: false`, which it
// asks for on http, and `saveUninitialized: false`, which it offers to save storage. At login `regenerate`.
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import { nextUser, PROFILE } from "../../lib/data.mjs";

export function create(_framework, { keys }) {
  const known = ({ user, n }) => ({ user: user ?? null, n: n ?? 0 });
  return {
    register(app) {
      app.register(fastifyCookie);
      app.register(fastifySession, { secret: keys, cookie: { secure: false }, saveUninitialized: false });
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
  };
}
