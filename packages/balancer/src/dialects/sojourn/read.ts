import { parseKeys, SojournError } from "@sojourn/core";
import ipaddr from "ipaddr.js";
import type { ListenAddress } from "../../config.ts";
import type { PoolSpec, RouteSpec } from "../../model.ts";
import { isHost, isIpLiteral, LISTEN_HOW, parseListen } from "../shared/address.ts";
import type { Problems } from "../shared/problems.ts";
import type { Reading } from "../shared/reading.ts";
import type { Resolution } from "../shared/resolution.ts";
import { didYouMean } from "../shared/suggest.ts";
import { type Path, readYaml } from "../shared/yaml-source.ts";
import { type Context, invalid, label } from "./context.ts";
import { readPool } from "./pool.ts";
import type { SojournFile } from "./schema.ts";
import { checkShape } from "./shape.ts";
import { type Environment, expander } from "./variables.ts";

/** Reads sojourn.yaml. @returns undefined when problems were reported. */
export function readSojourn(
  text: string,
  problems: Problems,
  env: Environment,
  resolution: Resolution,
): Reading | undefined {
  const [source, second] = readYaml(text, problems, expander(env));
  if (second !== undefined) {
    const how = "keep one document; remove the line --- and what follows";
    problems.add("CONFIG_SYNTAX", { reason: "the file holds several YAML documents", how }, second.spot([]));
  }
  if (source === undefined) {
    if (problems.count === 0) problems.add("CONFIG_KEY_MISSING", EMPTY, { line: 1, column: 1 });
    return undefined;
  }
  const context = { source, problems };
  const file = checkShape(context);
  return file === undefined ? undefined : readFile(context, file, resolution);
}

const EMPTY = { where: "the file", key: "content", how: "begin with listen: and pools:" };

/** Everything that shape alone cannot say. */
export function readFile(context: Context, file: SojournFile, resolution: Resolution): Reading {
  const names = context.source.keys(["pools"]);
  const pools: PoolSpec[] = [];
  for (const name of names) {
    const pool = file.pools[name];
    if (pool !== undefined) pools.push(readPool(context, name, pool, resolution));
  }
  if (pools.length === 0) {
    const how = "add one with its servers";
    context.problems.add("CONFIG_KEY_MISSING", { where: "pools", key: "a pool", how }, context.source.spot(["pools"]));
  }
  checkKeys(context, file.keys);
  const admin = file.admin === undefined ? undefined : readListen(context, ["admin"], file.admin);
  return {
    listeners: readListeners(context, file.listen),
    ...(admin === undefined ? {} : { admin }),
    ...(file.keys === undefined ? {} : { keys: file.keys }),
    trustedProxies: readProxies(context, file.trustedProxies ?? []),
    snapshot: { format: 1, pools, routes: readRoutes(context, file.routes, names) },
    notes: [],
  };
}

/** A key that cannot be used is reported where it stands; the text itself stays out of the report. */
function checkKeys({ source, problems }: Context, keys: string | undefined): void {
  if (keys === undefined) return;
  try {
    parseKeys(keys, "keys");
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    problems.adopt(error, source.spot(["keys"]));
  }
}

function readListeners(context: Context, given: SojournFile["listen"]): readonly ListenAddress[] {
  const several = Array.isArray(given);
  const texts = given === undefined ? [] : several ? given : [given];
  const seen = new Set<string>();
  return texts.flatMap((text, index) => {
    const path = several ? ["listen", index] : ["listen"];
    const address = readListen(context, path, text);
    if (address === undefined) return [];
    const key = `${address.host} ${address.port}`;
    if (address.port !== 0 && seen.has(key)) {
      context.problems.add("CONFIG_NAME_DOUBLED", { kind: "listener", name: text }, context.source.spot(path));
    }
    seen.add(key);
    return [address];
  });
}

function readListen(context: Context, path: Path, text: string): ListenAddress | undefined {
  const address = parseListen(text);
  if (address === undefined) invalid(context, path, "which is no address to listen on", LISTEN_HOW);
  return address;
}

function readProxies(context: Context, given: readonly string[]): readonly string[] {
  given.forEach((text, index) => {
    if (isIpLiteral(text) || ipaddr.isValidCIDR(text)) return;
    const how = "write an address or a range, for example 10.0.0.0/8";
    invalid(context, ["trustedProxies", index], "which is no address or range", how);
  });
  return given;
}

/** Most specific first: with a host before without, longer paths before shorter ones. */
function readRoutes(context: Context, given: SojournFile["routes"], names: readonly string[]): readonly RouteSpec[] {
  const [only] = names;
  if (given === undefined) {
    if (names.length === 1 && only !== undefined) return [{ path: "/", pool: only }];
    if (names.length > 1) {
      const what = `there are ${names.length} pools and no routes say which serves what`;
      const how = "add routes: [ { host: …, path: /, pool: … } ]";
      context.problems.add("CONFIG_CONTRADICTION", { what, how }, context.source.spot([], "pools"));
    }
    return [];
  }
  if (given.length === 0) {
    const how = "add one, or leave routes out with one pool";
    context.problems.add(
      "CONFIG_KEY_MISSING",
      { where: "routes", key: "a route", how },
      context.source.spot(["routes"]),
    );
  }
  const seen = new Set<string>();
  const routes = given.map((route, index): RouteSpec => {
    const path = ["routes", index];
    if (!names.includes(route.pool)) {
      const how = didYouMean(route.pool, names, `the pools are ${names.join(", ")}`);
      const params = { where: label([...path, "pool"]), name: route.pool, how };
      context.problems.add("CONFIG_POOL_UNKNOWN", params, context.source.spot([...path, "pool"]));
    }
    const host = route.host?.toLowerCase();
    if (host !== undefined && !isHost(host)) {
      const how = "give an exact host name without port, for example shop.example.com";
      invalid(context, [...path, "host"], "which is no host name", how);
    }
    const prefix = route.path ?? "/";
    if (!/^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/.test(prefix)) {
      invalid(context, [...path, "path"], "which is no path", "begin with / and use no spaces, ? or #");
    }
    const key = `${host ?? "*"} ${prefix}`;
    if (seen.has(key)) {
      const params = { kind: "route", name: `${host ?? "any host"} ${prefix}` };
      context.problems.add("CONFIG_NAME_DOUBLED", params, context.source.spot(path));
    }
    seen.add(key);
    return { ...(host === undefined ? {} : { host }), path: prefix, pool: route.pool };
  });
  return routes.sort(
    (a, b) => Number(a.host === undefined) - Number(b.host === undefined) || b.path.length - a.path.length,
  );
}
