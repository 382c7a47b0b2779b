// @fastify/session 11 on Fastify 5 with its own memory store, as its README has it:
// * defaults but for `cookie.secure: false`, which the README asks for on http, and `saveUninitialized: false`, which it
//   offers to save storage;
// * `regenerate(fields)` keeps the fields named; `destroy()` ends the session; both as promises.
import fastifyCookie from "@fastify/cookie";
import fastifySession from "@fastify/session";
import Fastify from "fastify";

export async function listen(routes, { secret }) {
  const app = Fastify();
  app.register(fastifyCookie);
  app.register(fastifySession, { secret, cookie: { secure: false }, saveUninitialized: false });
  for (const [route, handle] of Object.entries(routes)) {
    const [method, url] = route.split(" ");
    app.route({
      method,
      url,
      async handler(request, reply) {
        const answer = await handle(open(request), request.query);
        return typeof answer === "number" ? reply.code(answer).send() : answer;
      },
    });
  }
  await app.listen({ port: 0, host: "127.0.0.1" });
  return app.server.address().port;
}

function open(request) {
  return {
    user: () => request.session.user ?? null,
    n: () => request.session.n ?? 0,
    items: () => Object.keys(request.session).filter((key) => key.startsWith("item")),
    async login(user) {
      await request.session.regenerate();
      request.session.user = user;
    },
    add(item) {
      request.session[item] = true;
      request.session.n = (request.session.n ?? 0) + 1;
    },
    renew: () => request.session.regenerate(Object.keys(request.session).filter((key) => key !== "cookie")),
    logout: () => request.session.destroy(),
  };
}
