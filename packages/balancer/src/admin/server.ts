import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isSojournError, type Logger, SojournError } from "@sojourn/core";
import { readJson } from "./body.ts";
import { type GuardOptions, guard, guardChange, PROTECTIVE_HEADERS } from "./guard.ts";
import { matchRoute } from "./match.ts";
import type { AdminAnswer, AdminRequest, AdminRoute } from "./request.ts";

export interface AdminServerOptions extends GuardOptions {
  readonly routes: readonly AdminRoute[];
  readonly logger: Logger;
}

/** The admin API over HTTP, not yet listening. Not on the hot path, so Node's own server serves it. */
export function createAdminServer(options: AdminServerOptions): Server {
  const server = createServer({ maxHeaderSize: 16_384, headersTimeout: 5_000, requestTimeout: 10_000 });
  server.maxConnections = 256;
  server.on("request", (request, response) => {
    answer(request, options)
      .catch((error: unknown) => errorAnswer(error, options.logger))
      .then((done) => send(request, response, done))
      .catch((error: unknown) => {
        options.logger.error("the admin API could not send an answer", { error: nameOf(error) });
        response.destroy();
      });
  });
  return server;
}

async function answer(request: IncomingMessage, options: AdminServerOptions): Promise<AdminAnswer> {
  guard(request, options);
  const [path = "/", search = ""] = splitTarget(request.url ?? "/");
  const method = request.method ?? "GET";
  const { route, params } = matchRoute(options.routes, method, path);
  let body: unknown;
  if (route.method !== "GET") {
    guardChange(request);
    body = await readJson(request);
  }
  const header = (name: string) => {
    const value = request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const checked: AdminRequest = { params, query: new URLSearchParams(search), header, body };
  return route.handle(checked);
}

function splitTarget(target: string): readonly string[] {
  const mark = target.indexOf("?");
  return mark === -1 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** Code, what is wrong and how to mend it; never a stack trace, never the text of a foreign error. */
function errorAnswer(error: unknown, logger: Logger): AdminAnswer {
  if (!isSojournError(error)) logger.error("the admin API failed", { error: nameOf(error) });
  const shown = isSojournError(error) ? error : new SojournError("ADMIN_FAILED", {});
  const { code, what, mend, place } = shown;
  return { kind: "json", status: shown.status, value: { code, what, mend, ...(place === undefined ? {} : { place }) } };
}

function send(request: IncomingMessage, response: ServerResponse, done: AdminAnswer): void {
  for (const [name, value] of Object.entries(PROTECTIVE_HEADERS)) response.setHeader(name, value);
  // What was refused before its body was read leaves bytes that must not be taken for the next request.
  if (!request.complete) response.setHeader("Connection", "close");
  if (done.kind === "stream") {
    if (request.method === "HEAD") response.end();
    else done.start(response);
    return;
  }
  const text = done.kind === "text" ? done.text : `${JSON.stringify(done.value)}\n`;
  const status = done.kind === "text" ? 200 : done.status;
  if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  response.writeHead(status, {
    "Content-Type": done.kind === "text" ? done.contentType : "application/json; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(request.method === "HEAD" ? undefined : text);
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}
