import type { ServerResponse } from "node:http";
import { isPromise, RETRY_AFTER, SojournError } from "@sojourn/core";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkSessions } from "./check.ts";
import { asksToRetry, statusOf } from "./error-answer.ts";
import type { AnyRequest, AnyResponse } from "./node.ts";
import { nodeRequest } from "./node-request.ts";
import { ResponseGate } from "./response-gate.ts";

/** What is used of Koa's context. */
export interface KoaContext {
  readonly req: AnyRequest;
  readonly res: AnyResponse;
  status: number;
  body: unknown;
  set(name: string, value: string): void;
  onerror(error: Error): void;
}

/** Koa middleware that knows the session of each context. */
export interface KoaSession<Data extends object> {
  (ctx: KoaContext, next: () => Promise<unknown>): Promise<void>;
  /** @throws SESSION_NOT_ATTACHED for a context that did not pass the middleware. */
  of(ctx: KoaContext): Session<Data>;
}

/**
 * Middleware for Koa 3. What the middleware below it recorded is committed when that returns, and fails there: errors
 * of the session, with `status`, `code` and `retryable`, reach error-handling middleware mounted above it, else Koa's
 * `error` event. What is recorded later, or sent by `ctx.res` itself, is committed before the head leaves.
 *
 * ```ts
 * const session = koaSession(sessions);
 * app.use(session);
 * app.use((ctx) => { ctx.body = { user: session.of(ctx).userId ?? null }; });
 * ```
 */
export function koaSession<Data extends object>(sessions: Sessions<Data>): KoaSession<Data> {
  checkSessions("koaSession", sessions);
  const attached = Symbol("sojourn.session");
  type Attached = KoaContext & { [attached]?: Session<Data> };

  async function middleware(ctx: KoaContext, next: () => Promise<unknown>): Promise<void> {
    if ((ctx as Attached)[attached] !== undefined) return void (await next());
    let session: Session<Data>;
    try {
      const loading = sessions.load(nodeRequest(ctx.req));
      session = isPromise(loading) ? await loading : loading;
    } catch (error) {
      throw refused(ctx, error);
    }
    (ctx as Attached)[attached] = session;
    const gate = new ResponseGate(ctx.res as ServerResponse, sessions, session, (error) => ctx.onerror(error as Error));
    await next();
    try {
      await gate.settle();
    } catch (error) {
      // Whoever handles the error may leave the body alone, and this one promises what did not happen.
      ctx.body = undefined;
      ctx.status = statusOf(error);
      throw error;
    }
  }

  function of(ctx: KoaContext): Session<Data> {
    const session = (ctx as Attached | undefined)?.[attached];
    if (session === undefined) throw new SojournError("SESSION_NOT_ATTACHED", {});
    return session;
  }

  return Object.assign(middleware, { of });
}

/** Koa's own handler drops all headers but those that the error names; other handlers keep the context's. */
function refused(ctx: KoaContext, error: unknown): unknown {
  if (!asksToRetry(error)) return error;
  ctx.set("Retry-After", RETRY_AFTER);
  return Object.assign(error as Error, { headers: { "Retry-After": RETRY_AFTER } });
}
