export type { AuditEntry, AuditSink } from "./audit.ts";
export type {
  BoundRecordCarrier,
  BoundTokenCarrier,
  CarriedRecord,
  Carrier,
  CarrierContext,
  Issue,
  RecordCarrier,
  TokenCarrier,
} from "./carrier.ts";
export { createSessions } from "./create-sessions.ts";
export type { BindingSignal, EndReason, SessionEvent } from "./events.ts";
export type { ResponseFields, SessionRequest } from "./http.ts";
export type { DeepReadonly, Json, ValueCodec } from "./json.ts";
export type {
  BindingOptions,
  BindingPolicy,
  BreakerOptions,
  CarriedOptions,
  Conflict,
  CookieOptions,
  LimitOptions,
  SchemaOptions,
  SessionsOptions,
  StoreOptions,
} from "./options.ts";
export type { CarriedSession } from "./record/carried.ts";
export type { DeviceInfo } from "./record/device.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./schema.ts";
export type { LoginOptions, Session } from "./session.ts";
export type { FoundSession, PolicyReport, RevocationOptions, SessionInfo, Sessions } from "./sessions.ts";
export type {
  AnyStore,
  Closable,
  NearCopies,
  RecordToWrite,
  Scannable,
  SessionStore,
  StoreClock,
  StoredRecord,
  StoreTraits,
  Sweepable,
  Tiered,
  Touchable,
  Version,
  Watchable,
  Written,
} from "./store.ts";
export type { Operation, OperationEnd, Telemetry } from "./telemetry.ts";
