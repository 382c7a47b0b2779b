import { isDeepStrictEqual } from "node:util";
import ipaddr from "ipaddr.js";
import type { ListenAddress } from "../../config.ts";
import type { PoolSpec, RouteSpec } from "../../model.ts";
import { isIpLiteral } from "../shared/address.ts";
import { BOUND_WINDOW_MS } from "../shared/defaults.ts";
import type { Problems } from "../shared/problems.ts";
import type { Reading } from "../shared/reading.ts";
import { createReport, type Report } from "../shared/report.ts";
import type { Resolution } from "../shared/resolution.ts";
import { didYouMean } from "../shared/suggest.ts";
import { type ProxySettings, profileOf, proxyTable, UPGRADE_VARIABLE } from "./proxy.ts";
import { readVirtualServer, SERVER_TUNING, type VirtualServer } from "./server.ts";
import { type Directive, parseNginxText } from "./text.ts";
import { readUpstream, type Upstream } from "./upstream.ts";
import { irrelevant, type Table, walk } from "./walk.ts";

const MAIN_TUNING = [
  "user",
  "worker_processes",
  "worker_rlimit_nofile",
  "worker_cpu_affinity",
  "pid",
  "daemon",
  "error_log",
];
const EVENTS_TUNING = ["worker_connections", "use", "multi_accept", "accept_mutex"];
const HTTP_TUNING = [
  ...SERVER_TUNING,
  "log_format",
  "default_type",
  "types_hash_max_size",
  "server_names_hash_bucket_size",
];

/** Reads an nginx.conf, or a fragment of what stands in its `http` block. */
export function readNginx(
  text: string,
  problems: Problems,
  resolution: Resolution,
  asRoot: boolean,
): Reading | undefined {
  const tree = parseNginxText(text, problems);
  if (problems.count > 0) return undefined;
  const report = createReport(problems);
  const found: Found = { upstreams: new Map(), servers: [], trusted: [], keepsOpen: undefined };
  readMain(tree, report, found, resolution);
  const { upstreams, servers } = found;
  if (problems.count > 0) return undefined;
  if (servers.length === 0) {
    const how = "add server { location / { proxy_pass http://UPSTREAM; } }";
    problems.add("CONFIG_KEY_MISSING", { where: "the file", key: "server", how }, { line: 1, column: 1 });
    return undefined;
  }
  const pools = readPools(found, report);
  for (const upstream of upstreams.values()) {
    if (!pools.some((pool) => pool.name === upstream.name)) {
      report.note(`no server passes requests to the upstream ${upstream.name}; it is left out`, upstream.at);
    }
  }
  const snapshot = { format: 1 as const, pools, routes: readRoutes(servers, report) };
  return { ...readListeners(servers, asRoot, report), trustedProxies: found.trusted, snapshot, notes: report.notes };
}

/** What the `http` block holds. */
interface Found {
  readonly upstreams: Map<string, Upstream>;
  readonly servers: VirtualServer[];
  readonly trusted: string[];
  /** What `$connection_upgrade` says for requests without upgrade; absent: the file does not map it. */
  keepsOpen: boolean | undefined;
}

function readMain(tree: readonly Directive[], report: Report, found: Found, resolution: Resolution): void {
  const httpTable = (proxy: ProxySettings): Table => ({
    ...irrelevant(HTTP_TUNING, report),
    ...proxyTable(proxy, report),
    include: {
      args: [1, 1],
      read: ({ args: [file], at }) => {
        if (/(?:^|\/)mime\.types$/.test(file?.text ?? "")) report.note("MIME types have no meaning to a balancer", at);
        else report.unsupported("include", at, "put the included text into this file");
      },
    },
    upstream: {
      args: [1, 1],
      block: true,
      read: (directive) => {
        const upstream = readUpstream(directive, report, resolution);
        if (found.upstreams.has(upstream.name)) {
          report.problems.add("CONFIG_NAME_DOUBLED", { kind: "upstream", name: upstream.name }, directive.at);
        }
        found.upstreams.set(upstream.name, upstream);
      },
    },
    server: { args: [0, 0], block: true, read: () => {} },
    map: { args: [2, 2], block: true, once: true, read: (map) => readMap(map, found, report) },
    ...realIpTable(found, report),
  });
  // A server may stand before the directives it inherits, so the block is read first and its servers after.
  const readHttp = (block: readonly Directive[], context: string, extra: Table) => {
    const proxy: ProxySettings = {};
    walk(block, context, { ...httpTable(proxy), ...extra }, report);
    for (const directive of block) {
      if (directive.name !== "server" || directive.block === undefined) continue;
      const server = readVirtualServer(directive, proxy, report);
      if (server !== undefined) found.servers.push(server);
    }
  };
  const main: Table = {
    ...irrelevant(MAIN_TUNING, report),
    events: {
      args: [0, 0],
      block: true,
      once: true,
      read: ({ block }) => walk(block ?? [], "events", irrelevant(EVENTS_TUNING, report), report),
    },
    http: { args: [0, 0], block: true, once: true, read: ({ block }) => readHttp(block ?? [], "http", {}) },
  };
  if (tree.some((directive) => directive.name === "http")) walk(tree, "the file", main, report);
  else readHttp(tree, "the file", main);
}

/** The map of NGINX's own WebSocket example; no other. */
function readMap(map: Directive, found: Found, report: Report): void {
  const [from, to] = map.args;
  const entries = new Map((map.block ?? []).map(({ name, args }) => [name, args.map((word) => word.text).join(" ")]));
  const otherwise = entries.get("");
  const known = from?.text === "$http_upgrade" && to?.text === UPGRADE_VARIABLE && entries.size === 2;
  if (!known || entries.get("default") !== "upgrade" || (otherwise !== "" && otherwise !== "close")) {
    report.unsupported(
      "this map",
      map.at,
      `map $http_upgrade ${UPGRADE_VARIABLE} to upgrade by default, else "" or close`,
    );
  }
  found.keepsOpen = otherwise === "";
}

function realIpTable({ trusted }: Found, report: Report): Table {
  const only = (value: string) => ({
    args: [1, 1] as const,
    once: true,
    read: ({ name, args: [word] }: Directive) => {
      if (word !== undefined && word.text !== value)
        report.unsupported(`${name} ${word.text}`, word.at, `use ${value}`);
    },
  });
  return {
    set_real_ip_from: {
      args: [1, 1],
      read: ({ args: [range] }) => {
        if (range === undefined) return;
        if (isIpLiteral(range.text) || ipaddr.isValidCIDR(range.text)) trusted.push(range.text);
        else report.unsupported(`set_real_ip_from ${range.text}`, range.at, "give an address or a range");
      },
    },
    real_ip_header: only("X-Forwarded-For"),
    real_ip_recursive: only("on"),
  };
}

function readPools({ servers, upstreams, keepsOpen }: Found, report: Report): PoolSpec[] {
  const pools: PoolSpec[] = [];
  for (const { target, proxy } of servers) {
    if (target === undefined) continue;
    const upstream = upstreams.get(target.text);
    if (upstream === undefined) {
      const how = didYouMean(target.text, upstreams.keys(), `add upstream ${target.text} { server …; }`);
      report.problems.add("CONFIG_POOL_UNKNOWN", { where: "proxy_pass", name: target.text, how }, target.at);
      continue;
    }
    const pool = poolOf(upstream, proxy, keepsOpen, report);
    const earlier = pools.find((other) => other.name === pool.name);
    if (earlier === undefined) pools.push(pool);
    else if (!isDeepStrictEqual(earlier.profile, pool.profile)) {
      const what = `two servers that pass to ${pool.name} with different proxy_ settings`;
      report.unsupported(what, target.at, "give each its own upstream");
    }
    if (
      typeof pool.profile.hostHeader === "object" &&
      (proxy.redirect ?? "default") === "default" &&
      earlier === undefined
    ) {
      const { literal } = pool.profile.hostHeader;
      report.note(
        `servers see Host: ${literal}; NGINX would also rewrite their redirects to http://${literal}/`,
        target.at,
      );
    }
  }
  return pools;
}

function poolOf(upstream: Upstream, proxy: ProxySettings, keepsOpen: boolean | undefined, report: Report): PoolSpec {
  const peers = upstream.servers.filter((server) => server.state !== "disabled").length;
  const { stamp } = upstream;
  return {
    name: upstream.name,
    servers: upstream.servers,
    affinity: stamp === undefined ? { kind: "none" } : { kind: "cookie", formats: [stamp] },
    balance: upstream.balance,
    health: { passive: upstream.passive },
    onDown: "move",
    boundWindowMs: BOUND_WINDOW_MS,
    profile: profileOf(proxy, upstream.name, { keepalive: upstream.keepalive, peers }, keepsOpen, report),
  };
}

function readListeners(
  servers: readonly VirtualServer[],
  asRoot: boolean,
  report: Report,
): Pick<Reading, "listeners" | "listenNote"> {
  const fallback: ListenAddress = { host: "*", port: asRoot ? 80 : 8_000 };
  const sets = servers.map((server) => (server.listen.length === 0 ? [fallback] : tidy(server.listen)));
  const implied = servers.find((server) => server.listen.length === 0);
  const [first = [fallback]] = sets;
  sets.forEach((set, index) => {
    const at = servers[index]?.at;
    if (at === undefined || isDeepStrictEqual(set, first)) return;
    report.unsupported("servers that listen on different addresses", at, "give all servers the same listen lines");
  });
  if (implied === undefined) return { listeners: first };
  const why = asRoot ? "as root" : "not as root";
  const message = `no listen: NGINX, run ${why}, listens on *:${fallback.port}, and so does Sojourn`;
  return { listeners: first, listenNote: report.makeNote(message, implied.at) };
}

/** `*` takes IPv6 as well, so `[::]` beside it would find its port taken. */
function tidy(listen: readonly ListenAddress[]): readonly ListenAddress[] {
  const key = ({ host, port }: ListenAddress) => `${host} ${port}`;
  const covered = listen.filter((a) => a.host !== "::" || !listen.some((b) => b.host === "*" && b.port === a.port));
  return covered
    .filter((a, index) => covered.findIndex((b) => key(b) === key(a)) === index)
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Requests that match no name go to the default server: the one that says so, else the first. */
function readRoutes(servers: readonly VirtualServer[], report: Report): readonly RouteSpec[] {
  const routes: RouteSpec[] = [];
  const [marked, second] = servers.filter((server) => server.isDefault);
  if (second !== undefined) report.contradiction("two servers are default_server", "mark one of them", second.at);
  const byDefault = marked ?? servers[0];
  for (const server of servers) {
    if (server.names.length === 0 && server !== byDefault) {
      report.note("no request reaches this server: it has no name and is not the default", server.at);
    }
    for (const name of server.names) {
      const host = name.text.toLowerCase();
      if (routes.some((route) => route.host === host)) {
        report.problems.add("CONFIG_NAME_DOUBLED", { kind: "server_name", name: name.text }, name.at);
      }
      if (server.target !== undefined) routes.push({ host, path: "/", pool: server.target.text });
    }
  }
  if (byDefault?.target !== undefined) routes.push({ path: "/", pool: byDefault.target.text });
  return routes;
}
