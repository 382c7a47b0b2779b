import type { IncomingMessage, ServerResponse } from "node:http";
import { isPromise, RETRY_AFTER } from "@sojourn/core";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkSessions } from "./check.ts";
import { asksToRetry } from "./error-answer.ts";
import { nodeSession } from "./node.ts";

type Next = (error?: unknown) => void;

/** Express middleware that knows the session of each request. */
export interface ExpressSession<Data extends object> {
  (request: IncomingMessage, response: ServerResponse, next: Next): void;
  /** @throws SESSION_NOT_ATTACHED for a request that did not pass the middleware. */
  of(request: IncomingMessage): Session<Data>;
}

/**
 * Middleware for Express 5. Errors of the session reach the application's error handlers with `status`, `code` and
 * `retryable`; without one Express answers with the status.
 *
 * ```ts
 * const session = expressSession(sessions);
 * app.use(session);
 * app.get("/", (req, res) => res.json({ user: session.of(req).userId ?? null }));
 * ```
 */
export function expressSession<Data extends object>(sessions: Sessions<Data>): ExpressSession<Data> {
  checkSessions("expressSession", sessions);
  const node = nodeSession(sessions);

  function middleware(request: IncomingMessage, response: ServerResponse, next: Next): void {
    const refuse = (error: unknown) => {
      if (asksToRetry(error) && !response.headersSent) response.setHeader("Retry-After", RETRY_AFTER);
      next(error);
    };
    const attaching = node.attach(request, response, refuse);
    if (isPromise(attaching)) attaching.then(() => next(), refuse);
    else next();
  }

  return Object.assign(middleware, { of: (request: IncomingMessage) => node.of(request) });
}
