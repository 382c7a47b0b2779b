export type { AdminAnswer, AdminRequest, AdminRoute } from "./admin/request.ts";
export { type Balancer, type BalancerOptions, type Bound, createBalancer } from "./balancer.ts";
export type { BalancerConfig, Dialect, ListenAddress, Note } from "./config.ts";
export * from "./dialects/index.ts";
export type { Control, ExplainQuestion, SetStateOptions } from "./engine/control.ts";
export type { EventHub, NumberedEvent } from "./engine/events.ts";
export {
  type AffinityCounts,
  type ApplyMessage,
  type BoundClients,
  type Capabilities,
  type EngineEvent,
  type EnginePort,
  type ExplainedServer,
  type ExplainMessage,
  type Explanation,
  type HealthVerdict,
  type Known,
  type Observation,
  PORT_VERSION,
  type PoolObservation,
  type ServerObservation,
  type SetMessage,
  type Traffic,
} from "./engine/port.ts";
export type { PoolReport, Report, ServerReport } from "./engine/reports.ts";
export type {
  ActiveCheck,
  AdminState,
  AffinitySpec,
  BalanceMethod,
  EngineProfile,
  HealthSpec,
  PoolSpec,
  RouteSpec,
  ServerSpec,
  Snapshot,
  StampFormat,
} from "./model.ts";
