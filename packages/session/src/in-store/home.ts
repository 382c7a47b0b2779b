import { withRouteTag } from "@sojourn/core";
import { type Home, NO_COOKIES } from "../home.ts";
import type { SessionRequest } from "../http.ts";
import { setCookieLines } from "../set-cookie-lines.ts";
import type { SessionState } from "../state.ts";
import { formatToken } from "../token/token.ts";
import { commitToStore, storeCommitWaits } from "./commit.ts";
import { degrading, servingLastKnown } from "./degrade.ts";
import { elevateInStore, loginToStore, logoutFromStore, rotateInStore } from "./identity.ts";
import { freshen, loadFromStore, loadLastKnown } from "./load.ts";
import type { StoreParts } from "./parts.ts";

/** Sessions whose records live in a store, named by the client's token. */
export function createStoreHome(parts: StoreParts): Home {
  const { carrier, gate, time } = parts;

  function takeCookies(state: SessionState): readonly string[] {
    const { outgoing } = state;
    if (outgoing === undefined) return NO_COOKIES;
    state.outgoing = undefined;
    state.taken = outgoing;
    if (outgoing === "record" || !gate(state.request)) return NO_COOKIES;
    if (outgoing === "clear") return setCookieLines(carrier.clear());
    const value = withRouteTag(formatToken(outgoing), state.tag);
    const { held } = state;
    // Whole seconds, rounded down: the cookie never outlives the session.
    const age = held?.record.persistent === true ? Math.floor((held.expiresAtMs - time.now()) / 1_000) : undefined;
    return setCookieLines(carrier.write(value, age));
  }

  const load = (request: SessionRequest) => loadFromStore(parts, request);
  const loads = {
    fail: load,
    anonymous: degrading(load),
    "last-known": servingLastKnown(load, (request) => loadLastKnown(parts, request)),
  };

  return {
    commitsLate: true,
    load: loads[parts.settings.onStoreDown],
    waits: (state) => storeCommitWaits(parts, state),
    commit: (state) => commitToStore(parts, state),
    takeCookies,
    // A session that was ended is not among it: clearing its cookie could hit one that was given since.
    cookiesAfterFailure(state) {
      state.outgoing ??= state.taken;
      return takeCookies(state);
    },
    freshen: (state) => (state.byCopy ? freshen(parts, state) : undefined),
    login: (state, asked) => loginToStore(parts, state, asked),
    elevate: (state, level) => elevateInStore(parts, state, level),
    rotate: (state) => rotateInStore(parts, state),
    logout: (state) => logoutFromStore(parts, state),
  };
}
