import { once } from "node:events";
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { expressSession } from "@sojourn/session/express";
import { fastifySession } from "@sojourn/session/fastify";
import { honoSession } from "@sojourn/session/hono";
import { koaSession } from "@sojourn/session/koa";
import { nodeSession } from "@sojourn/session/node";
import type { ServeFixture } from "@sojourn/session/testing";
import express4 from "express-4";
import fastify, { type FastifyInstance } from "fastify";
import { Hono } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import Koa from "koa";
import { bodyFor, listen, route, sendPieces } from "./fixture-servers.ts";
import { http2Client } from "./http2-client.ts";
import { serveFetch } from "./serve-fetch.ts";

/** Express 4 leaves the errors of async handlers to them. */
export const onExpress4: ServeFixture = (sessions, routes) => {
  const session = expressSession(sessions);
  const app = express4().use(session);
  app.use(async (request, response, next) => {
    try {
      const { status = 200, headers = [], body = "" } = await route(routes, request.url)(session.of(request));
      response.status(status);
      for (const [name, value] of headers) response.append(name, value);
      if (typeof body === "string") response.send(body);
      else await sendPieces(response, body);
    } catch (error) {
      next(error);
    }
  });
  return listen(app.set("env", "test"));
};

export const onFastify: ServeFixture = async (sessions, routes) => {
  const app = fastify({ forceCloseConnections: true });
  addFastifyRoutes(app, sessions, routes);
  return { origin: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
};

export const onFastifyHttp2: ServeFixture = async (sessions, routes) => {
  const app = fastify({ http2: true });
  // Routes are typed by the kind of server, and written alike.
  addFastifyRoutes(app as unknown as FastifyInstance, sessions, routes);
  const origin = await app.listen({ port: 0, host: "127.0.0.1" });
  const { send, close } = http2Client(origin);
  return {
    origin,
    send,
    close: async () => {
      close();
      await app.close();
    },
  };
};

function addFastifyRoutes(app: FastifyInstance, ...[sessions, routes]: Parameters<ServeFixture>): void {
  const session = fastifySession(sessions);
  app.register(session);
  app.all("/*", async (request, reply) => {
    const { status = 200, headers = [], body = "" } = await route(routes, request.url)(session.of(request));
    reply.code(status);
    for (const [name, value] of headers) reply.header(name, value);
    return reply.send(typeof body === "string" ? body : Readable.from(body));
  });
}

export const onKoa: ServeFixture = (sessions, routes) => {
  const session = koaSession(sessions);
  const app = new Koa();
  app.silent = true;
  app.use(session);
  app.use(async (ctx) => {
    const { status = 200, headers = [], body = "" } = await route(routes, ctx.path)(session.of(ctx));
    ctx.status = status;
    for (const [name, value] of headers) ctx.append(name, value);
    ctx.body = typeof body === "string" ? body : Readable.from(body);
  });
  return listen(app.callback());
};

export const onHono: ServeFixture = (sessions, routes) => {
  const session = honoSession(sessions);
  const app = new Hono();
  app.use(session);
  app.all("*", async (c) => {
    const { status = 200, headers = [], body = "" } = await route(routes, c.req.path)(session.of(c));
    c.status(status as StatusCode);
    for (const [name, value] of headers) c.header(name, value, { append: true });
    const data = bodyFor(status, body);
    return data === null ? c.body(null) : c.body(data);
  });
  return listen(serveFetch(async (request) => app.fetch(request)));
};

export const onHttp2: ServeFixture = async (sessions, routes) => {
  const server = createServer(
    nodeSession(sessions).handle<Http2ServerRequest, Http2ServerResponse>(async (request, response, session) => {
      const { status = 200, headers = [], body = "" } = await route(routes, request.url)(session);
      response.statusCode = status;
      for (const [name, value] of headers) response.appendHeader(name, value);
      if (typeof body === "string") response.end(body);
      else {
        for await (const piece of body) response.write(piece);
        response.end();
      }
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { send, close } = http2Client(origin);
  return {
    origin,
    send,
    close: async () => {
      close();
      server.close();
      await once(server, "close");
    },
  };
};
