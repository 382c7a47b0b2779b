import type { ServerResponse } from "node:http";

type Overrides = Record<string, PropertyDescriptor>;

/** What a response shows its handler while the head is held back: a head that has been sent. */
export interface Face {
  /** `end` was called. */
  readonly ended: () => boolean;
  /** A `write` was answered with false, and no `drain` has followed. */
  readonly needsDrain: () => boolean;
}

/** Puts on the face. @returns takes it off; what other middleware had put on the response is there again. */
export function wearFace(response: ServerResponse, { ended, needsDrain }: Face): () => void {
  const late = (verb: string) => ({ value: () => refuseLate(response, verb), writable: true });
  const overrides: Overrides = {
    headersSent: { get: () => true },
    // Older middleware (compression, express-session) asks these instead.
    _header: { get: () => "held" },
    finished: { get: ended },
    writableEnded: { get: ended },
    writableFinished: { get: () => false },
    writableNeedDrain: { get: () => needsDrain() && !ended() },
    setHeader: late("set"),
    appendHeader: late("append"),
    removeHeader: late("remove"),
  };
  const names = Object.keys(overrides);
  const before = names.map((name) => Object.getOwnPropertyDescriptor(response, name));
  for (const name of names) Object.defineProperty(response, name, { ...overrides[name], configurable: true });
  return () => {
    for (const [i, name] of names.entries()) {
      const own = before[i];
      if (own === undefined) delete (response as unknown as Record<string, unknown>)[name];
      else Object.defineProperty(response, name, own);
    }
  };
}

/** The error that Node throws, under the code that Node gives it. */
export function refuseLate(response: ServerResponse, verb: string): never {
  const code = isHttp2(response) ? "ERR_HTTP2_HEADERS_SENT" : "ERR_HTTP_HEADERS_SENT";
  throw Object.assign(new Error(`Cannot ${verb} headers after they are sent to the client`), { code });
}

/** HTTP/2's compatible response has a stream, and warns when its status message is used. */
export function isHttp2(response: ServerResponse): boolean {
  return "stream" in response;
}
