import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expressSession } from "@sojourn/session/express";
import { withSession } from "@sojourn/session/fetch";
import { nodeSession } from "@sojourn/session/node";
import type { FixtureReply, FixtureRoute, FixtureRoutes, ServedFixture, ServeFixture } from "@sojourn/session/testing";
import express from "express";
import { serveFetch } from "./serve-fetch.ts";

export const onNode: ServeFixture = (sessions, routes) =>
  listen(
    nodeSession(sessions).handle<IncomingMessage, ServerResponse>(async (request, response, session) => {
      await send(response, await route(routes, request.url)(session));
    }),
  );

export const onExpress: ServeFixture = (sessions, routes) => {
  const session = expressSession(sessions);
  const app = express().use(session);
  app.use(async (request, response) => {
    const { status = 200, headers = [], body = "" } = await route(routes, request.url)(session.of(request));
    response.status(status);
    for (const [name, value] of headers) response.append(name, value);
    if (typeof body === "string") response.send(body);
    else await sendPieces(response, body);
  });
  // Express prints errors of its default handler unless it is told to be quiet.
  return listen(app.set("env", "test"));
};

export const onFetch: ServeFixture = (sessions, routes) =>
  listen(
    serveFetch(
      withSession(sessions, async (request, session) => {
        const { status = 200, headers = [], body = "" } = await route(routes, new URL(request.url).pathname)(session);
        return new Response(bodyFor(status, body), {
          status,
          headers: headers.map(([name, value]): [string, string] => [name, value]),
        });
      }),
    ),
  );

export function route(routes: FixtureRoutes, path: string | undefined): FixtureRoute {
  const found = routes[path ?? "/"];
  if (found === undefined) throw new Error(`the fixture has no route ${path}`);
  return found;
}

/** All in the arguments of writeHead, the form that is hardest to add to. */
export async function send(
  response: ServerResponse,
  { status = 200, headers = [], body = "" }: FixtureReply,
): Promise<void> {
  response.writeHead(status, headers.flat());
  if (typeof body === "string") response.end(body);
  else await sendPieces(response, body);
}

export async function sendPieces(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  for await (const piece of pieces) if (!response.write(piece)) await once(response, "drain");
  response.end();
}

/** A fetch `Response` with status 204 takes no body, not even an empty one. */
export function bodyFor(status: number, body: NonNullable<FixtureReply["body"]>): string | ReadableStream | null {
  if (status === 204) return null;
  return typeof body === "string" ? body : streamOf(body);
}

function streamOf(pieces: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(new TextEncoder().encode(value));
      },
    },
    { highWaterMark: 0 },
  );
}

export async function listen(listener: RequestListener): Promise<ServedFixture> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close().closeAllConnections();
      await once(server, "close");
    },
  };
}
