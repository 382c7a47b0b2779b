import type { Logger } from "@sojourn/core";
import type { Director } from "../../decision.ts";
import type { PlaneCounters } from "../counters.ts";
import type { PlaneListener } from "../events.ts";
import type { PlaneLimits } from "../limits.ts";
import type { TrustedProxies } from "../policy/client-address.ts";
import type { Ticker } from "../ticker.ts";
import type { Upstreams } from "../upstream/upstreams.ts";

/** What all requests of a plane share. */
export interface PlaneContext {
  readonly director: Director;
  readonly upstreams: Upstreams;
  readonly limits: PlaneLimits;
  readonly counters: PlaneCounters;
  readonly ticker: Ticker;
  readonly proxies: TrustedProxies;
  readonly logger: Logger;
  readonly onEvent: PlaneListener | undefined;
}
