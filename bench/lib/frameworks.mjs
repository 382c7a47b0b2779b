// One small app on four frameworks: it logs in, reads the session, or raises its counter, and answers with what it knows.
// With a contender's session or, to compare with, without one: the same handler both times.
import { once } from "node:events";
import { createServer } from "node:http";

/**
 * @typedef {{ login(session): unknown, read(session): unknown, add(session): unknown }} Kit how a contender does what the
 *   app does; `read` and `add` return what is answered. It also has what its framework below asks for. Those that are
 *   measured with a store may do more: `begin` writes first, `logout`, `list` and `revoke` do as they are called.
 */
const OPERATIONS = {
  "POST /login": "login",
  "GET /n": "read",
  "POST /n": "add",
  "POST /begin": "begin",
  "POST /logout": "logout",
  "GET /list": "list",
  "POST /revoke": "revoke",
};

export const frameworks = {
  /** `around(handle)` makes a listener that calls `handle(request, response, session)`. */
  async node({ around, ...kit }) {
    const listener = around(async (req, res, session) => {
      const operation = OPERATIONS[`${req.method} ${req.url}`];
      if (!(operation in kit)) return void res.writeHead(404).end();
      const answer = JSON.stringify(await kit[operation](session));
      res.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(answer) });
      res.end(answer);
    });
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  },

  async express({ use, of, ...kit }) {
    const { default: express } = await import("express");
    const app = express().disable("x-powered-by");
    if (use !== undefined) app.use(use);
    for (const [method, path, operation] of routes(kit)) {
      app[method](path, async (req, res) => {
        res.json(await kit[operation](of(req)));
      });
    }
    const server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    return server.address().port;
  },

  async fastify({ register, of, ...kit }) {
    const { default: Fastify } = await import("fastify");
    const app = Fastify();
    register?.(app);
    for (const [method, path, operation] of routes(kit)) {
      app[method](path, async (request) => kit[operation](of(request)));
    }
    await app.listen({ port: 0, host: "127.0.0.1" });
    return app.server.address().port;
  },

  async hono({ use = [], of, ...kit }) {
    const { serve } = await import("@hono/node-server");
    const { Hono } = await import("hono");
    const app = new Hono();
    for (const middleware of use) app.use(middleware);
    for (const [method, path, operation] of routes(kit)) {
      app[method](path, async (c) => c.json(await kit[operation](of(c))));
    }
    return new Promise((resolve) => {
      serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port));
    });
  },
};

function routes(kit) {
  return Object.entries(OPERATIONS)
    .filter(([, operation]) => operation in kit)
    .map(([route, operation]) => {
      const [method, path] = route.split(" ");
      return [method.toLowerCase(), path, operation];
    });
}
