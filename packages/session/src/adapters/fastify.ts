import { isPromise, RETRY_AFTER } from "@sojourn/core";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkSessions } from "./check.ts";
import { asksToRetry, statusOf } from "./error-answer.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "./fastify-parts.ts";
import { nodeSession } from "./node.ts";
import { answerError } from "./node-answer.ts";
import { keepHeaders } from "./response-head.ts";

export type { FastifyInstance, FastifyReply, FastifyRequest } from "./fastify-parts.ts";

/** A Fastify plugin that knows the session of each request. */
export interface FastifySession<Data extends object> {
  (instance: FastifyInstance, options: unknown, done: (error?: Error) => void): void;
  /** @throws SESSION_NOT_ATTACHED for a request whose routes do not have the plugin. */
  of(request: FastifyRequest): Session<Data>;
}

/**
 * A plugin for Fastify 5. It serves the routes of the instance that registers it, and is not encapsulated. The commit
 * comes after all `onSend` hooks. Errors of the session reach the error handler with `status`, `code` and `retryable`;
 * after `reply.hijack()` the client is told the code.
 *
 * ```ts
 * const session = fastifySession(sessions);
 * app.register(session);
 * app.get("/", (request) => ({ user: session.of(request).userId ?? null }));
 * ```
 */
export function fastifySession<Data extends object>(sessions: Sessions<Data>): FastifySession<Data> {
  checkSessions("fastifySession", sessions);
  const node = nodeSession(sessions);

  function onRequest(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const earlier = keepHeaders({ ...reply.getHeaders() });
    const refuse = (error: unknown) => {
      for (const name of Object.keys(reply.getHeaders())) reply.removeHeader(name);
      for (const [name, value] of Object.entries(earlier)) reply.header(name, value);
      if (asksToRetry(error)) reply.header("Retry-After", RETRY_AFTER);
      reply.code(statusOf(error));
      return error as Error;
    };
    const failed = (error: unknown) => {
      if (reply.sent) answerError(reply.raw, error);
      else reply.send(refuse(error));
    };
    const attaching = node.attach(request.raw, reply.raw, failed);
    if (isPromise(attaching))
      attaching.then(
        () => done(),
        (error: unknown) => done(refuse(error)),
      );
    else done();
  }

  function plugin(instance: FastifyInstance, _options: unknown, done: (error?: Error) => void): void {
    instance.addHook("onRequest", onRequest);
    done();
  }

  return Object.assign(plugin, {
    of: (request: FastifyRequest) => node.of(request?.raw),
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "sojourn-session",
  });
}
