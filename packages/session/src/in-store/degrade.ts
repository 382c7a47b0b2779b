import { type Awaitable, andThen, isPromise, isSojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";
import { freshState, type SessionState } from "../state.ts";

type Load = (request: SessionRequest) => Awaitable<SessionState>;

/** `load`, but a request whose session the store cannot tell of is served without one, and may change nothing. */
export function degrading(load: Load): Load {
  return mending(load, (request, error) => {
    // Of unknown outcome is the end of a session that this request asked for: nobody is served with it.
    if (!isSojournError(error, "SESSION_STORE_DOWN", "SESSION_COMMIT_UNKNOWN")) throw error;
    return { ...freshState(request), degraded: true };
  });
}

/** `load`, but a request whose session the store cannot tell of is served with what was known of it last, if anything. */
export function servingLastKnown(
  load: Load,
  lastKnown: (request: SessionRequest) => Awaitable<SessionState | undefined>,
): Load {
  return mending(load, (request, error) => {
    // Not of unknown outcome, as above. An end that was asked for leaves nothing that could be served.
    if (!isSojournError(error, "SESSION_STORE_DOWN")) throw error;
    return andThen(lastKnown(request), (state) => {
      if (state === undefined) throw error;
      return state;
    });
  });
}

function mending(load: Load, mend: (request: SessionRequest, error: unknown) => Awaitable<SessionState>): Load {
  return (request) => {
    const mended = (error: unknown) => mend(request, error);
    try {
      const loading = load(request);
      return isPromise(loading) ? loading.catch(mended) : loading;
    } catch (error) {
      return mended(error);
    }
  };
}
