import { table } from "./table.ts";

/** The part of the admin API's answers that is shown. What an engine cannot know is the word `unsupported`. */
export interface ServerStatus {
  readonly name: string;
  readonly url: string;
  readonly state: string;
  readonly health: string;
  readonly inFlight: number | "unsupported";
  readonly served: number | "unsupported";
  readonly errors: number | "unsupported";
  readonly bound: { readonly count?: number; readonly exact: boolean } | "unsupported";
}

export interface PoolStatus {
  readonly name: string;
  readonly balance: string;
  readonly affinity: { readonly kind: string };
  readonly servers: readonly ServerStatus[];
}

const HEAD = ["SERVER", "STATE", "HEALTH", "IN FLIGHT", "BOUND", "SERVED", "ERRORS", "URL"];

export function describePools(pools: readonly PoolStatus[]): string {
  return pools
    .map(({ name, balance, affinity, servers }) => {
      const title = `pool ${name}: affinity ${affinity.kind}, balance ${balance}`;
      return `${title}\n${table([HEAD, ...servers.map(cells)])}`;
    })
    .join("\n\n");
}

export function describeServer(server: ServerStatus): string {
  return `${server.name}: ${server.state}, ${server.health}, bound ${bound(server)}, in flight ${count(server.inFlight)}`;
}

function cells(server: ServerStatus): readonly string[] {
  const { name, state, health, inFlight, served, errors, url } = server;
  return [name, state, health, count(inFlight), bound(server), count(served), count(errors), url];
}

function bound({ bound }: ServerStatus): string {
  if (bound === "unsupported") return "-";
  if (bound.count === undefined) return "?"; // not a whole window has been observed yet
  return bound.exact ? String(bound.count) : `~${bound.count}`;
}

function count(value: number | "unsupported"): string {
  return value === "unsupported" ? "-" : String(value);
}
