import { isPromise, isSojournError } from "@sojourn/core";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkAdapterOptions, checkCallback, checkResponse, checkSessions } from "./check.ts";
import { commitOnto, errorResponse, withFields } from "./fetch-response.ts";
import { withSaid } from "./said.ts";

export interface FetchSessionOptions {
  /**
   * Answers when the session could not be loaded or committed (503, 401 for an ended session, 403 for a forged
   * request), or when the handler threw, whatever it threw. The session's headers are added to what it returns.
   * @default JSON with the error's code for errors of the session. Others are thrown on, and the response that the
   * platform makes of one has no cookie: give `onError`, or catch in the handler, where it may fail after a login.
   */
  readonly onError?: (error: unknown, request: Request) => Response | Promise<Response>;
}

/**
 * Wraps a fetch handler: the session is loaded before it and committed before its response is returned. When the
 * handler throws, nothing that it recorded is committed, unlike with the adapters of servers, whose error pages commit
 * as every response does. A login that had resolved before stands, and the response of `onError` carries its cookie.
 *
 * A body that is still streaming may go on recording data; `await session.commit()` writes it.
 */
export function withSession<Data extends object, Rest extends unknown[] = []>(
  sessions: Sessions<Data>,
  handler: (request: Request, session: Session<Data>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchSessionOptions = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  checkSessions("withSession", sessions);
  checkCallback("withSession", "handler", handler);
  checkAdapterOptions("withSession", options, "onError");
  const refuse = options.onError ?? errorResponse;
  return async (request, ...rest) => {
    let session: Session<Data>;
    try {
      const loading = sessions.load(request);
      session = isPromise(loading) ? await loading : loading;
    } catch (error) {
      return refuse(error, request);
    }
    let response: Response | undefined;
    try {
      const made = await handler(request, session, ...rest);
      checkResponse("withSession", made);
      response = made;
      return await commitOnto(response, sessions, session);
    } catch (error) {
      if (response === undefined && options.onError === undefined && !isSojournError(error)) throw error;
      // The handler's response promises what did not happen; its body is never read.
      void response?.body?.cancel().catch(() => {});
      const fields = withSaid(response, sessions.fieldsAfter(session));
      return withFields(await refuse(error, request), fields);
    }
  };
}

/**
 * The lower half of `withSession`, for handlers that load by themselves: commits, and returns the response with what
 * the session adds to its headers.
 * @throws ARGUMENT_INVALID, and what `sessions.commit` throws; `sessions.fieldsAfter` says what the error response must carry then.
 */
export async function commitTo<Data extends object>(
  response: Response,
  sessions: Sessions<Data>,
  session: Session<Data>,
): Promise<Response> {
  checkResponse("commitTo", response);
  checkSessions("commitTo", sessions);
  return commitOnto(response, sessions, session);
}
