import { SojournError } from "@sojourn/core";
import type { SessionAdmin } from "../admin.ts";
import type { StoreCalls } from "../in-store/calls.ts";
import type { AnyStore } from "../store.ts";
import { type CarriedParts, endCarried } from "./parts.ts";

const REFUSED = {
  store: "keep the sessions in a store",
  session: "ask session.onEnd, which knows whose session it is",
};

function refusal(feature: string, carrier: string, how: string): SojournError<"UNSUPPORTED"> {
  return new SojournError("UNSUPPORTED", { feature, part: `the carrier ${carrier}`, how });
}

/** Without a store nothing can be done to a session from outside its requests. */
export function unsupportedAdmin(carrier: string): SessionAdmin {
  const refuse = (feature: string) => async () => Promise.reject(refusal(feature, carrier, REFUSED.store));
  return {
    list: refuse("list"),
    find: refuse("find"),
    end: refuse("end"),
    endOthers: refuse("endOthers"),
    revokeUser: refuse("revokeUser"),
    revokeAll: refuse("revokeAll"),
    sweep: async () => 0,
    onEnd: () => {
      throw refusal("onEnd", carrier, REFUSED.store);
    },
  };
}

/** With a store sessions can be ended, but nothing lists them: nobody knows how many there were. */
export function createCarriedAdmin(
  parts: Required<Pick<CarriedParts, "emit" | "revocable">>,
  carrier: string,
  store: AnyStore,
  calls: StoreCalls,
): SessionAdmin {
  const { revocable, emit } = parts;
  if (revocable === undefined) return unsupportedAdmin(carrier);
  const { revocation, watching } = revocable;
  const told = (userId: string, kept: string | undefined) => {
    emit({ type: "user.revoked", userId, kept });
    watching.revoked(userId, kept);
    return 0;
  };

  return {
    ...unsupportedAdmin(carrier),
    revokeAll: async () => Promise.reject(refusal("revokeAll", carrier, "change the keys to end every session")),
    end: (id) => endCarried(parts, id, "ended"),
    async endOthers({ held }) {
      const userId = held?.record.userId;
      if (held === undefined || userId === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "endOthers" });
      }
      await revocation.raise(userId, held);
      return told(userId, held.key);
    },
    async revokeUser(userId) {
      await revocation.raise(userId);
      return told(userId, undefined);
    },
    sweep: (limit) => {
      const { sweep } = store;
      return sweep === undefined
        ? Promise.resolve(0)
        : calls.ask("sweep", () => sweep.call(store, limit), Number.isSafeInteger);
    },
    onEnd(_id, listener, held) {
      if (held === undefined) throw refusal("sessions.onEnd", carrier, REFUSED.session);
      return watching.on(held, listener);
    },
  };
}
