import { type Awaitable, andThen } from "@sojourn/core";
import { type Home, NO_COOKIES } from "../home.ts";
import type { SessionRequest } from "../http.ts";
import { degrading } from "../in-store/degrade.ts";
import { setCookieLines } from "../set-cookie-lines.ts";
import { hasPending, inTurn, type SessionState, takePending } from "../state.ts";
import { commitCarried, isTouchDue, keep, withPending } from "./change.ts";
import { elevateCarried, loginCarried, logoutCarried } from "./identity.ts";
import { loadCarried } from "./load.ts";
import type { CarriedParts } from "./parts.ts";

/**
 * Sessions whose records the clients carry, sealed. Requests share nothing but what a revocation keeps, so nothing else
 * is awaited but crypto.
 */
export function createCarriedHome(parts: CarriedParts): Home {
  const { carrier, settings, runtime, gate, revocable } = parts;
  const load = (request: SessionRequest) => loadCarried(parts, request);

  function takeCookies(state: SessionState): Awaitable<readonly string[]> {
    const { outgoing, held } = state;
    state.outgoing = undefined;
    state.taken = outgoing;
    if (outgoing === undefined || !gate(state.request)) return NO_COOKIES;
    if (outgoing === "clear") return setCookieLines(carrier.clear(state.request));
    if (held === undefined) return NO_COOKIES;
    const leftMs = held.expiresAtMs - runtime.clock.now();
    const maxAgeSeconds = held.record.persistent ? Math.floor(leftMs / 1_000) : undefined;
    const { tag, issue } = state;
    const sealing = carrier.seal(held, { maxAgeSeconds, tag, issue }, state.request);
    return andThen(sealing, setCookieLines);
  }

  return {
    commitsLate: false,
    load: revocable !== undefined && settings.onStoreDown === "anonymous" ? degrading(load) : load,
    waits: (state) =>
      state.tail !== undefined || hasPending(state) || state.outgoing !== undefined || isTouchDue(parts, state),
    commit(state) {
      if (state.tail !== undefined) return inTurn(state, async () => commitCarried(parts, state));
      return commitCarried(parts, state);
    },
    takeCookies,
    // Only the cookie holds this session: what it did not come to carry did not happen.
    cookiesAfterFailure: (state) =>
      (state.outgoing ?? state.taken) === "clear" && gate(state.request)
        ? setCookieLines(carrier.clear(state.request))
        : NO_COOKIES,
    freshen: () => undefined,
    login: (state, asked) => loginCarried(parts, state, asked),
    elevate: async (state, level) => elevateCarried(parts, state, level),
    async rotate(state) {
      const { held } = state;
      if (held !== undefined) keep(parts, state, held.key, withPending(parts, held.record, takePending(state)));
    },
    logout: (state) => logoutCarried(parts, state),
  };
}
