import { isPromise, SojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkAdapterOptions, checkSessions } from "./check.ts";
import { commitOnto } from "./fetch-response.ts";
import { NO_FIELDS } from "./fields.ts";
import { type HonoContext, refused, replaceResponse } from "./hono-context.ts";
import { withSaid } from "./said.ts";

export type { HonoContext } from "./hono-context.ts";

export interface HonoSessionOptions {
  /**
   * What the engine sees of a request. Behind a proxy on Node, `trustProxy` needs the peer's address, which a fetch
   * `Request` hides: `(c) => nodeRequest(c.env.incoming)`. @default `c.req.raw`
   */
  request?(c: HonoContext): SessionRequest | Request;
}

/** Hono middleware that knows the session of each context. */
export interface HonoSession<Data extends object> {
  (c: HonoContext, next: () => Promise<void>): Promise<void>;
  /** @throws SESSION_NOT_ATTACHED for a context that did not pass the middleware. */
  of(c: HonoContext): Session<Data>;
}

/**
 * Middleware for Hono 4, on every platform that Hono runs on. Errors of the session, with `status`, `code` and
 * `retryable`, reach `app.onError`; without one the client is told the code.
 *
 * ```ts
 * const session = honoSession(sessions);
 * app.use(session);
 * app.get("/", (c) => c.json({ user: session.of(c).userId ?? null }));
 * ```
 */
export function honoSession<Data extends object>(
  sessions: Sessions<Data>,
  options: HonoSessionOptions = {},
): HonoSession<Data> {
  checkSessions("honoSession", sessions);
  checkAdapterOptions("honoSession", options, "request");
  const { request = (c) => c.req.raw } = options;
  const attached = Symbol("sojourn.session");
  type Attached = HonoContext & { [attached]?: Session<Data> };

  async function middleware(c: HonoContext, next: () => Promise<void>): Promise<void> {
    if ((c as Attached)[attached] !== undefined) return next();
    // A look at the headers so far. Reading `c.res` would make every later response a copy.
    const earlier = c.newResponse(null).headers;
    let session: Session<Data>;
    try {
      const loading = sessions.load(request(c));
      session = isPromise(loading) ? await loading : loading;
    } catch (error) {
      throw refused(c, error, earlier, NO_FIELDS);
    }
    (c as Attached)[attached] = session;
    await next();
    const made = c.res;
    try {
      const answered = await commitOnto(made, sessions, session);
      if (answered !== made) replaceResponse(c, answered);
    } catch (error) {
      void made.body?.cancel().catch(() => {});
      throw refused(c, error, earlier, withSaid(made, sessions.fieldsAfter(session)));
    }
  }

  function of(c: HonoContext): Session<Data> {
    const session = (c as Attached | undefined)?.[attached];
    if (session === undefined) throw new SojournError("SESSION_NOT_ATTACHED", {});
    return session;
  }

  return Object.assign(middleware, { of });
}
