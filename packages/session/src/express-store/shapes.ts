/** The parts of express-session that are used, by structure: nothing of it is imported. */

export interface ExpressCookie {
  /** Ms; null: none was given. */
  readonly originalMaxAge?: number | null;
  readonly expires?: Date | string | null | undefined;
}

/** What express-session keeps under a session ID. */
export interface ExpressSessionData {
  readonly cookie: ExpressCookie;
}

export type ExpressAnswer<T> = (error?: unknown, value?: T) => void;

/** A store of express-session, as `fromExpressStore` calls it. */
export interface ExpressStore {
  get(sid: string, callback: (error: unknown, session?: ExpressSessionData | null) => void): unknown;
  set(sid: string, session: ExpressSessionData, callback?: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
  all?(callback: (error: unknown, sessions?: unknown) => void): unknown;
}

/** express-session itself: what `import session from "express-session"` gives. */
export interface ExpressSessionModule<Base extends object> {
  readonly Store: abstract new (...none: never[]) => Base;
}

/** What express-session's own `Store` brings: it makes `req.session` of what a store has found. */
export interface ExpressStoreBase {
  createSession(request: object, session: ExpressSessionData): ExpressSessionData;
}
