import type { Awaitable, CookieWriter, KeyRing, Runtime } from "@sojourn/core";
import type { SessionRequest } from "./http.ts";
import type { CarriedSession } from "./record/carried.ts";
import type { AnyStore } from "./store.ts";

/** What the engine hands a carrier once, at construction. */
export interface CarrierContext {
  readonly runtime: Runtime;
  /** The session cookie with its name and attributes, checked. */
  readonly cookie: CookieWriter;
  /** @throws KEY_MISSING when the configuration gives none. */
  keys(): KeyRing;
}

/** Where the client's half travels. */
export type Carrier = TokenCarrier | RecordCarrier;

/** Carries a token that names a record in the store. */
export interface TokenCarrier {
  readonly holds: "token";
  /** Printed in `policy()`. */
  readonly name: string;
  /** Whether a response can replace the client's half without the client's help. Timed rotation needs it. */
  readonly replaces: boolean;
  /**
   * The request header in which clients send their half, each by itself. No browser adds it, so `csrf` is "off" unless
   * given, and instead of Set-Cookie values its lines are whole ones of the response: `Name: value`. Absent: a cookie.
   */
  readonly header?: string;
  bind(context: CarrierContext): BoundTokenCarrier;
}

export interface BoundTokenCarrier {
  /** The raw value, route tag included, or undefined when the request carries none of ours. Whatever it says is judged by the engine. */
  read(request: SessionRequest): string | undefined;
  /** Lines for the response. `maxAgeSeconds` absent: until the browser closes. */
  write(value: string, maxAgeSeconds: number | undefined): readonly string[];
  /** Lines that remove the client's half. */
  clear(): readonly string[];
}

/** Carries the record itself, so that nobody can change it unnoticed. */
export interface RecordCarrier {
  readonly holds: "record";
  /** Printed in `policy()`. */
  readonly name: string;
  /**
   * How a logged-out value is kept from working again: by what the engine notes in a store. `"none"`: it works until it
   * expires, and one said so.
   */
  readonly revocation: "none" | AnyStore;
  /** What the client holds runs out before the session does, and is then good only with a refresh token. Absent: it does not. */
  readonly refresh?: {
    /** How long it is good without one. What changes it meanwhile does not lengthen this. */
    readonly accessForMs: number;
    /** How long a refresh token that was used still works: parallel requests bring the same one. */
    readonly graceMs: number;
  };
  /** It has keys of its own and never asks for the ring. */
  readonly keyless?: true;
  /** What `policy()` says of it beside the rest; in place of how a sealed cookie is kept. */
  readonly rules?: readonly (readonly [name: string, value: string])[];
  /**
   * The request header in which clients send their half, each by itself. No browser adds it, so `csrf` is "off" unless
   * given, and instead of Set-Cookie values its lines are whole ones of the response: `Name: value`. Absent: a cookie.
   */
  readonly header?: string;
  bind(context: CarrierContext): BoundRecordCarrier;
}

/** What a record carrier found. */
export interface CarriedRecord {
  readonly session: CarriedSession;
  /** The balancer's route tag, when one followed the value. */
  readonly tag: string | undefined;
  /** Absent: it does not run out before the session. */
  readonly issue?: Issue;
  /** It has run out, and its refresh token came with it: the engine says whether that is still good. */
  readonly ranOut?: true;
}

/** What the client was given that runs out before the session. */
export interface Issue {
  /** How often the session had been refreshed by then: it numbers the refresh token. */
  readonly refreshed: number;
  /** Absent: it is given now. */
  readonly runsOutAtMs: number | undefined;
}

export interface BoundRecordCarrier {
  /**
   * Answers undefined without a promise when the request carries none of ours, and undefined for whatever does not
   * open: garbage, another key ring, a value moved from elsewhere.
   */
  open(request: SessionRequest): Awaitable<CarriedRecord | undefined>;
  /**
   * Lines that carry `session`, and remove what `request` carried beyond that (surplus chunks).
   * @throws COOKIE_TOO_LARGE
   */
  seal(
    session: CarriedSession,
    options: {
      readonly maxAgeSeconds: number | undefined;
      readonly tag: string | undefined;
      /** Absent: the first of a login. */
      readonly issue: Issue | undefined;
    },
    request: SessionRequest,
  ): Awaitable<readonly string[]>;
  /** Lines that remove the client's half, all parts of it that `request` carried. */
  clear(request: SessionRequest): readonly string[];
}
