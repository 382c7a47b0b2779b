import { type Awaitable, isPromise, isSojournError } from "@sojourn/core";
import type { SessionRequest } from "../http.ts";
import { freshState, type SessionState } from "../state.ts";

type Load = (request: SessionRequest) => Awaitable<SessionState>;

/** `load`, but a request whose session the store cannot tell of is served without one, and may change nothing. */
export function degrading(load: Load): Load {
  return (request) => {
    const degrade = (error: unknown): SessionState => {
      // Of unknown outcome is the end of a session that this request asked for: nobody is served with it.
      if (!isSojournError(error, "SESSION_STORE_DOWN", "SESSION_COMMIT_UNKNOWN")) throw error;
      return { ...freshState(request), degraded: true };
    };
    try {
      const loading = load(request);
      return isPromise(loading) ? loading.catch(degrade) : loading;
    } catch (error) {
      return degrade(error);
    }
  };
}
