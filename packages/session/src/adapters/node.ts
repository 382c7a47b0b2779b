import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type Awaitable, andThen, isPromise, SojournError } from "@sojourn/core";
import { listen } from "../emitter.ts";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { checkCallback, checkSessions } from "./check.ts";
import { answerError } from "./node-answer.ts";
import { nodeRequest } from "./node-request.ts";
import { ResponseGate } from "./response-gate.ts";

export { type NodeRequest, nodeRequest } from "./node-request.ts";
export { upgradeSession } from "./node-upgrade.ts";

/** HTTP/2 by its compatible objects. */
export type AnyRequest = IncomingMessage | Http2ServerRequest;
export type AnyResponse = ServerResponse | Http2ServerResponse;

export interface NodeSessions<Data extends object> {
  /**
   * Loads the session of `request` and lets its commit come before the head of `response`. Call it before the
   * handler and wait for it.
   * @param onError gets the error when the commit fails; the response is then empty again, and for it to answer.
   * @throws what `sessions.load` throws
   */
  attach(request: AnyRequest, response: AnyResponse, onError: (error: unknown) => void): Awaitable<Session<Data>>;
  /** @throws SESSION_NOT_ATTACHED */
  of(request: AnyRequest): Session<Data>;
  /** A listener for `createServer`. Errors, the handler's own included, go to `onError`. */
  handle<Request extends AnyRequest, Response extends AnyResponse>(
    handler: (request: Request, response: Response, session: Session<Data>) => unknown,
    onError?: (error: unknown, request: Request, response: Response) => void,
  ): (request: Request, response: Response) => void;
}

const slots = new WeakMap<object, symbol>();

/**
 * Where a request holds its session of these `sessions`, whichever of their adapters attached it. A property: with
 * requests as its keys a WeakMap costs 3 µs each, most of it in the garbage collector.
 */
function slotOf(sessions: object): symbol {
  const slot = slots.get(sessions) ?? Symbol("sojourn.session");
  slots.set(sessions, slot);
  return slot;
}

/**
 * Sessions for `node:http`, `node:https` and the compatibility API of `node:http2`.
 *
 * ```ts
 * createServer(nodeSession(sessions).handle((request, response, session) => response.end(session.userId)));
 * ```
 */
export function nodeSession<Data extends object>(sessions: Sessions<Data>): NodeSessions<Data> {
  checkSessions("nodeSession", sessions);
  const attached = slotOf(sessions);
  type Attached = { [slot: symbol]: Session<Data> | undefined };

  function bind(request: AnyRequest, response: AnyResponse, session: Session<Data>, onError: (e: unknown) => void) {
    (request as unknown as Attached)[attached] = session;
    new ResponseGate(response as ServerResponse, sessions, session, onError);
    return session;
  }

  const node: NodeSessions<Data> = {
    attach(request, response, onError) {
      const already = (request as unknown as Attached)[attached];
      if (already !== undefined) return already;
      const loading = sessions.load(nodeRequest(request));
      if (!isPromise(loading)) return bind(request, response, loading, onError);
      return loading.then((session) => bind(request, response, session, onError));
    },
    of(request) {
      const session = (request as unknown as Attached | undefined)?.[attached];
      if (session === undefined) throw new SojournError("SESSION_NOT_ATTACHED", {});
      return session;
    },
    handle(handler, onError = (error, _request, response) => answerError(response, error)) {
      checkCallback("handle", "handler", handler);
      checkCallback("handle", "onError", onError);
      return (request, response) => {
        const failed = (error: unknown) => {
          listen(
            () => onError(error, request, response),
            (failure) => answerError(response, failure),
          );
        };
        try {
          const answering = andThen(node.attach(request, response, failed), (session) =>
            handler(request, response, session),
          );
          if (isPromise(answering)) answering.then(undefined, failed);
        } catch (error) {
          failed(error);
        }
      };
    },
  };
  return Object.freeze(node);
}
