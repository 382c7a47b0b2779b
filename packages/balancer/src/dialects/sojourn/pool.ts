import type { ActiveCheck, AffinitySpec, BalanceMethod, HealthSpec, PoolSpec, ServerSpec } from "../../model.ts";
import {
  BOUND_WINDOW_MS,
  CHECK_DEFAULTS,
  defaultBalance,
  SOJOURN_PASSIVE,
  SOJOURN_PROFILE,
} from "../shared/defaults.ts";
import type { Resolution } from "../shared/resolution.ts";
import type { Path } from "../shared/yaml-source.ts";
import { readAffinity } from "./affinity.ts";
import { type Context, durationAt, invalid, label } from "./context.ts";
import type { PoolFile } from "./schema.ts";
import { checkName, readServer } from "./servers.ts";

/** A timer cannot wait longer (2^31−1 ms). */
const TIMER = { minMs: 1, maxMs: 2_147_483_647 };
const ORIGIN_FORM = /^\/[\x21-\x7e]*$/;

export function readPool(context: Context, name: string, given: PoolFile, resolution: Resolution): PoolSpec {
  const path = ["pools", name];
  checkName(context, path, name);
  const affinity = readAffinity(context, [...path, "affinity"], given.affinity);
  const servers: ServerSpec[] = [];
  for (const server of context.source.keys([...path, "servers"])) {
    const line = given.servers[server];
    const spec =
      line === undefined ? undefined : readServer(context, [...path, "servers", server], server, line, resolution);
    if (spec !== undefined) servers.push(spec);
  }
  if (Object.keys(given.servers).length === 0) {
    const how = `add one under pools.${name}.servers, for example shop-1: http://10.0.0.11:3000`;
    context.problems.add("CONFIG_NO_SERVERS", { pool: name, how }, context.source.spot([...path], "servers"));
  }
  const idleMs = affinity.kind === "cookie" && affinity.formats[0].kind === "sojourn" && affinity.formats[0].idleMs;
  const timeout = (key: "connect" | "response", fallback: number) =>
    durationAt(context, [...path, "timeouts", key], given.timeouts?.[key], fallback, TIMER);
  return {
    name,
    servers,
    affinity,
    balance: readBalance(context, [...path, "balance"], given.balance, affinity),
    health: readHealth(context, [...path, "health"], given.health),
    onDown: given.onDown ?? "move",
    boundWindowMs: durationAt(context, [...path, "boundWindow"], given.boundWindow, idleMs || BOUND_WINDOW_MS, {
      minMs: 1_000,
    }),
    profile: {
      ...SOJOURN_PROFILE,
      ...(given.idempotencyKey === true ? { idempotencyKey: true } : {}),
      timeouts: {
        connectMs: timeout("connect", SOJOURN_PROFILE.timeouts.connectMs),
        responseMs: timeout("response", SOJOURN_PROFILE.timeouts.responseMs),
      },
    },
  };
}

function readBalance(
  context: Context,
  path: Path,
  given: BalanceMethod | undefined,
  affinity: AffinitySpec,
): BalanceMethod {
  if (given === undefined) return defaultBalance(affinity);
  const refuse = (what: string, how: string) =>
    context.problems.add("CONFIG_CONTRADICTION", { what: `${label(path)}: ${what}`, how }, context.source.spot(path));
  const keyed = affinity.kind === "ip" || affinity.kind === "header";
  if (given === "haproxy-source" && affinity.kind !== "ip") {
    refuse("haproxy-source ranks by the client's IP, and the affinity is another", "set affinity: ip");
  } else if (keyed && given !== "rendezvous" && given !== "haproxy-source") {
    refuse(
      `${given} gives no lasting place to a client known by its ${affinity.kind} alone`,
      "leave balance out (rendezvous)",
    );
  } else if (given === "rendezvous" && affinity.kind === "none") {
    refuse("rendezvous needs a key, and affinity is none", "take round-robin or least-connections");
  }
  return given;
}

function readHealth(context: Context, path: Path, given: PoolFile["health"]): HealthSpec {
  const passive = {
    maxFails: given?.passive?.maxFails ?? SOJOURN_PASSIVE.maxFails,
    failTimeoutMs: durationAt(
      context,
      [...path, "passive", "failTimeout"],
      given?.passive?.failTimeout,
      SOJOURN_PASSIVE.failTimeoutMs,
      TIMER,
    ),
  };
  if (given === undefined) return { passive };
  const kind = given.kind ?? "http";
  const say = (what: string, how: string, key: string) =>
    context.problems.add(
      "CONFIG_CONTRADICTION",
      { what: `${label(path)}: ${what}`, how },
      context.source.spot(path, key),
    );
  const [active] = Object.keys(given).filter((key) => key !== "passive");
  if (active === undefined) return { passive };
  if (kind === "http" && given.path === undefined) {
    say(`${active} belongs to active checks, and no path turns them on`, "add path: (or kind: tcp)", active);
  }
  for (const key of ["path", "host"] as const) {
    if (kind === "tcp" && given[key] !== undefined) say(`a tcp check has no ${key}`, `remove ${key} or kind`, key);
  }
  if (given.path !== undefined && !ORIGIN_FORM.test(given.path)) {
    invalid(context, [...path, "path"], "which is not a path", "begin with / and use no spaces");
  }
  if (given.host !== undefined && !/^[\x21-\x7e]+$/.test(given.host)) {
    invalid(context, [...path, "host"], "which cannot be a Host header", "give a host name");
  }
  const intervalMs = durationAt(context, [...path, "interval"], given.interval, CHECK_DEFAULTS.intervalMs, {
    ...TIMER,
    minMs: 50,
  });
  const check: ActiveCheck = {
    kind,
    path: given.path ?? "/",
    ...(given.host === undefined ? {} : { host: given.host }),
    intervalMs,
    timeoutMs: durationAt(context, [...path, "timeout"], given.timeout, intervalMs, TIMER),
    fall: given.fall ?? CHECK_DEFAULTS.fall,
    rise: given.rise ?? CHECK_DEFAULTS.rise,
    firstDecides: false,
  };
  return { active: check, passive };
}
