import {
  type Awaitable,
  andThen,
  createRuntime,
  formatDuration,
  isPromise,
  parseDuration,
  SojournError,
} from "@sojourn/core";
import { argumentInvalid, checkId, checkLevel, checkListener, checkRevocation, checkUserId } from "./arguments.ts";
import { codeOf } from "./emitter.ts";
import { headerText } from "./header-text.ts";
import type { Held } from "./held.ts";
import { NO_COOKIES } from "./home.ts";
import type { ResponseFields } from "./http.ts";
import { LiveSession, type SessionSurroundings } from "./live-session.ts";
import type { SchemaOptions, SessionsOptions } from "./options.ts";
import { isFromBeforeProof } from "./policy.ts";
import { reportPolicy } from "./policy-report.ts";
import { createDataCodec } from "./record/data-codec.ts";
import { createCookieGate } from "./request/cookie-gate.ts";
import { csrfRefused, NEW_TOKEN, sourceOf } from "./request/csrf.ts";
import { createDeviceReader } from "./request/device.ts";
import { idCookie } from "./request/id-cookie.ts";
import { toSessionRequest } from "./request/session-request.ts";
import { createTrust } from "./request/trust.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import { lifetimesOf, resolveSettings } from "./settings/settings.ts";
import { refuseDegraded, type SessionState } from "./state.ts";
import { csrfSeedFrom, isCsrfTokenOf } from "./token/csrf-token.ts";
import { type CommonParts, lazyKeys, wireCarried, wireStore } from "./wiring.ts";

/** How far clocks of servers may be apart. */
const CLOCK_SKEW_MS = 60_000;
const MAX_SWEEP = 1_000_000;

/**
 * Sessions with data of type `Data`: what the schema takes in, if there is one, else what is said here.
 * @throws OPTIONS_INVALID UNSUPPORTED DURATION_INVALID DURATION_OUT_OF_RANGE KEY_MISSING KEY_INVALID KEY_RING_UNUSABLE
 * COOKIE_PREFIX_VIOLATED, all at once and before the first request.
 * @example
 * const sessions = createSessions<{ cart: string[] }>({ store: memoryStore() });
 * const session = await sessions.load(request);
 * session.push("cart", "apple");
 * const { setCookies } = await sessions.commit(session);
 */
export function createSessions<Data extends object = Record<string, unknown>>(
  options: SessionsOptions & SchemaOptions<Data>,
): Sessions<Data> {
  const environment = options?.env ?? processEnvironment();
  const settings = resolveSettings(options, environment);
  const runtime = createRuntime(options.runtime);
  const trusts = createTrust(settings.trustProxy);
  const keys = lazyKeys(options.keys, environment, runtime);
  // Wrong keys are told of now, even where nothing is sealed.
  if (options.keys !== undefined) keys();
  const data = createDataCodec(settings.data);
  const deviceOf = createDeviceReader(trusts);
  const carrier = options.store === undefined ? options.carrier : (options.carrier ?? idCookie());
  const gate = carrier.header === undefined ? createCookieGate(settings, trusts, runtime) : () => true;
  const common: CommonParts = { settings, runtime, data, gate, deviceOf, listeners: options, keys };
  const wired =
    options.store === undefined
      ? wireCarried(common, options.carrier)
      : wireStore(common, options.store, options.carrier ?? idCookie());
  const { home, admin } = wired;
  const asksForKeys = carrier.holds === "record" ? carrier.keyless !== true : settings.atRest === "sealed";
  const report = reportPolicy(settings, carrier, options.store, asksForKeys ? keys() : undefined);
  const around: SessionSurroundings = Object.freeze({
    home,
    data,
    now: wired.now,
    idleMs: (persistent: boolean) => lifetimesOf(settings, persistent).idleMs,
    random: runtime.random,
    csrfTokens: settings.csrf === "token",
    onEnd: (held: Held, listener: () => void) => admin.onEnd(held.key, listener, held),
  });
  const live = (state: SessionState) => new LiveSession<Data>(state, around);
  const stateOf = (session: unknown, operation: string) => LiveSession.stateOf(session, around, operation);

  function withSeed(state: SessionState): Awaitable<SessionState> {
    const record = state.held?.record;
    if (record?.current === undefined || record.csrfSeed !== undefined) return state;
    return andThen(csrfSeedFrom(record.current.hash, runtime.crypto), (seed) => {
      state.csrfSeedToBe = seed;
      return state;
    });
  }

  /** No browser said where the request comes from: it must bring what only the session's own pages know. */
  function withToken(state: SessionState): Awaitable<Session<Data>> {
    refuseDegraded(state, "load");
    const given = headerText(state.request, "x-csrf-token");
    if (isCsrfTokenOf(state.held?.record.csrfSeed, given)) return live(state);
    const why = given === undefined ? "it has no X-CSRF-Token" : "its X-CSRF-Token is not this session's";
    return Promise.reject(csrfRefused(state.request.method, why, NEW_TOKEN));
  }

  const read: ResponseFields = carrier.header === undefined ? READ : Object.freeze({ ...READ, vary: carrier.header });

  function fieldsOf(state: SessionState, lines: readonly string[]): ResponseFields {
    const { accessed, affinityEnd } = state;
    if (lines.length === 0 && !affinityEnd) {
      if (!accessed) return NOTHING;
      return state.degraded ? { ...read, noStore: true } : read;
    }
    const common = { varyCookie: accessed, affinityEnd, noStore: false };
    if (carrier.header === undefined) return { ...common, setCookies: lines };
    return { ...common, setCookies: NO_COOKIES, headers: lines.map(headerLine), vary: carrier.header };
  }

  function fieldsFor(state: SessionState): Awaitable<ResponseFields> {
    if (state.headersSent) return NOTHING;
    if (state.outgoing === undefined) return fieldsOf(state, NO_COOKIES);
    return andThen(home.takeCookies(state), (setCookies) => fieldsOf(state, setCookies));
  }

  /** Nobody waits for what is committed after the head of the response: its failure is an event. */
  async function commitLate(state: SessionState): Promise<ResponseFields> {
    const id = state.held?.key;
    try {
      await home.commit(state);
    } catch (error) {
      wired.emit({ type: "session.commit-failed", id, code: codeOf(error) });
      runtime.logger.error("a session could not be committed after the headers had left", { id, error: codeOf(error) });
    }
    return NOTHING;
  }

  return Object.freeze<Sessions<Data>>({
    load(given) {
      try {
        const request = toSessionRequest(given);
        const source = settings.csrf === "off" ? "own" : sourceOf(request, trusts);
        if (source instanceof SojournError) return Promise.reject(source);
        const state = settings.csrf === "token" ? andThen(home.load(request), withSeed) : home.load(request);
        if (source === "unsaid" && settings.csrf === "token") return andThen(state, withToken);
        return isPromise(state) ? state.then(live) : live(state);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    pending: (session) => home.waits(stateOf(session, "pending")),
    commit(session) {
      const state = stateOf(session, "commit");
      if (state.headersSent && home.waits(state)) return commitLate(state);
      return andThen(home.commit(state), () => fieldsFor(state));
    },
    fieldsAfter(session) {
      const state = stateOf(session, "fieldsAfter");
      return state.headersSent ? NOTHING : fieldsOf(state, home.cookiesAfterFailure(state));
    },
    headersSent(session) {
      stateOf(session, "headersSent").headersSent = true;
    },
    async list(userId, current) {
      checkUserId("list", userId);
      return admin.list(userId, current === undefined ? undefined : stateOf(current, "list").held?.key);
    },
    async find(id) {
      checkId("find", id);
      return admin.find(id);
    },
    async requireFresh(session, maxAge, level = 1) {
      const state = stateOf(session, "requireFresh");
      const maxAgeMs = parseDuration(maxAge, "requireFresh: maxAge");
      checkLevel("requireFresh", level);
      state.accessed = true;
      refuseDegraded(state, "requireFresh");
      await home.freshen(state);
      const record = state.held?.record;
      if (record?.authenticatedAtMs === undefined) {
        throw new SojournError("SESSION_NOT_AUTHENTICATED", { operation: "requireFresh" });
      }
      if (state.level < level)
        throw new SojournError("SESSION_NOT_FRESH", { why: `its level is ${state.level}, not ${level}` });
      if (state.secretHash !== undefined && isFromBeforeProof(record, state.secretHash)) {
        throw new SojournError("SESSION_NOT_FRESH", { why: "its token is from before the proof of identity" });
      }
      const ageMs = wired.now() - record.authenticatedAtMs;
      // A proof from the future says that a clock was set back: nobody knows how old it is.
      if (ageMs > maxAgeMs || ageMs < -CLOCK_SKEW_MS) {
        throw new SojournError("SESSION_NOT_FRESH", {
          why: `its proof of identity is older than ${formatDuration(maxAgeMs)}`,
        });
      }
    },
    async end(id) {
      checkId("end", id);
      return admin.end(id);
    },
    async endOthers(session) {
      const state = stateOf(session, "endOthers");
      refuseDegraded(state, "endOthers");
      return admin.endOthers(state);
    },
    async revokeUser(userId, options = {}) {
      checkUserId("revokeUser", userId);
      return admin.revokeUser(userId, checkRevocation(options));
    },
    revokeAll: () => admin.revokeAll(),
    async sweep(limit = 1_000) {
      if (!Number.isInteger(limit) || limit < 1 || limit > MAX_SWEEP) {
        throw argumentInvalid("sweep", "limit", "is out of range", `give a whole number from 1 to ${MAX_SWEEP}`);
      }
      return admin.sweep(limit);
    },
    onEnd(id, listener) {
      checkId("onEnd", id);
      checkListener("onEnd", listener);
      return admin.onEnd(id, listener);
    },
    async flush() {
      await wired.flush?.();
    },
    policy: () => report,
  });
}

const NOTHING: ResponseFields = Object.freeze({
  setCookies: NO_COOKIES,
  varyCookie: false,
  affinityEnd: false,
  noStore: false,
});
const READ: ResponseFields = Object.freeze({ ...NOTHING, varyCookie: true });

function headerLine(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}

function processEnvironment(): Readonly<Record<string, string | undefined>> {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } };
  return process?.env ?? {};
}
