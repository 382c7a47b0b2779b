import type { Awaitable } from "@sojourn/core";
import type { SessionRequest } from "./http.ts";
import type { SessionState } from "./state.ts";

/** A login with its defaults filled in. */
export interface LoginFactsAsked {
  readonly userId: string;
  readonly level: number;
  /** Absent: as `persist` said in this request, else not. */
  readonly persistent: boolean | undefined;
}

/** Where records live: in a store, or in the client's cookie. Everything above is the same for both. */
export interface Home {
  /** Whether data of an existing session can be committed after the headers have left. */
  readonly commitsLate: boolean;
  /** Without a promise when the request carries nothing of ours. */
  load(request: SessionRequest): Awaitable<SessionState>;
  /** Whether `commit` may have to wait. */
  waits(state: SessionState): boolean;
  commit(state: SessionState): Awaitable<void>;
  /** The `Set-Cookie` values due, once: asking again gives none. */
  takeCookies(state: SessionState): Awaitable<readonly string[]>;
  /** What is true in spite of a commit that failed: a login or logout that had resolved before it. */
  cookiesAfterFailure(state: SessionState): readonly string[];
  /** Looks at the session where it is kept, if this request only knows a copy of it. @throws SESSION_STORE_DOWN */
  freshen(state: SessionState): Awaitable<void>;
  login(state: SessionState, asked: LoginFactsAsked): Promise<void>;
  elevate(state: SessionState, level: number): Promise<void>;
  rotate(state: SessionState): Promise<void>;
  logout(state: SessionState): Promise<void>;
}

export const NO_COOKIES: readonly string[] = Object.freeze([]);
