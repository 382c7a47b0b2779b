import type { DeviceInfo } from "./record/device.ts";

/** Why a session is no more. Running out of time is no event: nobody is there to see it. */
export type EndReason =
  /** Its client logged out. */
  | "logout"
  /** Another user logged in on the same client. */
  | "replaced"
  /** A retired token was presented after its grace time. */
  | "reuse"
  /** `revokeUser` or `revokeAll`. */
  | "revoked"
  /** `endOthers`. */
  | "others"
  /** The user's limit asked for the oldest to go. */
  | "limit"
  /** Its token was presented from another device, and `binding` asked for an end. */
  | "binding"
  /** `sessions.end`. */
  | "ended";

/** What of a device can be bound: the families of browser and system, without versions; and the network, 24 bits of IPv4, 48 of IPv6. */
export type BindingSignal = "userAgent" | "address";

/** What happened, without tokens, secrets or data. `id` is the session's key, `atMs` store time. */
export type SessionEvent = { readonly atMs: number } & (
  | { readonly type: "session.created"; readonly id: string }
  | {
      readonly type: "session.login";
      readonly id: string;
      readonly userId: string;
      /** What the login came from. */
      readonly device: DeviceInfo;
    }
  | { readonly type: "session.elevated"; readonly id: string; readonly level: number }
  /** A successor was issued; the client has not yet presented it. */
  | { readonly type: "session.rotated"; readonly id: string }
  | { readonly type: "session.touched"; readonly id: string }
  | { readonly type: "session.ended"; readonly id: string; readonly reason: EndReason }
  /** A token retired longer than the grace time was presented: it may have been stolen. */
  | { readonly type: "session.reuse"; readonly id: string }
  /** The token came from another device than the session knows; told once for each device. */
  | {
      readonly type: "session.binding-mismatch";
      readonly id: string;
      /** What differs. */
      readonly signals: readonly BindingSignal[];
      readonly outcome: "reported" | "stepped-up" | "ended";
      /** The other device. */
      readonly device: DeviceInfo;
    }
  /** A `set` met a value that had changed since this request read it. `key` is the data key. */
  | { readonly type: "session.conflict"; readonly id: string; readonly key: string }
  /** A well-formed token that names no session, or not with this secret; a sealed cookie whose session was ended. */
  | { readonly type: "session.unknown-token" }
  /** Many of them came from one network within a minute: somebody may be guessing. Told once for each such minute. */
  | {
      readonly type: "session.probing";
      readonly tokens: number;
      /** For example `192.0.2.0/24`. Absent where the platform hides the client's address. */
      readonly network: string | undefined;
    }
  /** All of a user's sessions were ended where nothing lists them, or all but `kept`. */
  | { readonly type: "user.revoked"; readonly userId: string; readonly kept: string | undefined }
  /** A login met the user's limit. */
  | { readonly type: "session.limit"; readonly userId: string; readonly outcome: "rejected" | "ended-oldest" }
  /**
   * A record could not be opened: its key is not in the ring; it was damaged or moved (`forged`); it was written plain;
   * or another program or a newer release has written it (`foreign`).
   */
  | {
      readonly type: "session.unreadable";
      readonly id: string;
      readonly reason: "unknown-key" | "forged" | "plain" | "foreign";
    }
  /** Work that delays no response, or that came after the headers, failed. */
  | { readonly type: "session.commit-failed"; readonly id: string | undefined; readonly code: string }
  | { readonly type: "store.down"; readonly operation: string }
  | { readonly type: "store.up" }
);

type Untimed<Event> = Event extends SessionEvent ? Omit<Event, "atMs"> : never;
/** An event before its time is set. */
export type EventDraft = Untimed<SessionEvent>;
