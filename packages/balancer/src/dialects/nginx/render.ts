import type { BalancerConfig, ListenAddress } from "../../config.ts";
import type { PoolSpec, RouteSpec, Snapshot } from "../../model.ts";
import { formatHostPort } from "../shared/address.ts";
import { createRemarks, heading, plainName, type Remarks, type Rendered } from "../shared/writing.ts";
import { quoted, upstreamLines } from "./render-upstream.ts";
import { formatNginxTime } from "./time.ts";

const UPGRADE_MAP = ["map $http_upgrade $connection_upgrade {", "    default upgrade;", '    "" "";', "}"];
const CLOSE_MAP = ["map $http_upgrade $connection_upgrade {", "    default upgrade;", '    "" close;', "}"];

/** A whole nginx.conf, ready for `nginx -t`. @throws RENDER_UNSUPPORTED */
export function renderNginx(config: BalancerConfig): Rendered {
  const remarks = createRemarks("NGINX");
  const { pools } = config.snapshot;
  const reuse = pools.filter((pool) => pool.profile.reuseConnections).length;
  if (reuse > 0 && reuse < pools.length) {
    remarks.note("connections to servers are kept for all pools or for none; here for all that say so");
  }
  const lines = [
    ...(config.trustedProxies.length === 0 ? [] : realIpLines(config.trustedProxies)),
    ...(reuse > 0 ? UPGRADE_MAP : CLOSE_MAP),
    "",
    ...pools.flatMap((pool) => [
      `upstream ${plainName(pool.name)} {`,
      ...indent(upstreamLines(pool, remarks)),
      "}",
      "",
    ]),
    ...serverBlocks(config, remarks),
  ];
  const body = ["events {}", "", "http {", ...indent(lines), "}"].join("\n");
  return { text: `${heading(remarks.notes)}\n${body}\n`, notes: remarks.notes };
}

function realIpLines(ranges: readonly string[]): readonly string[] {
  const from = ranges.map((range) => `set_real_ip_from ${range};`);
  return [...from, "real_ip_header X-Forwarded-For;", "real_ip_recursive on;", ""];
}

/** One server block per host; the requests of no known host go to the default one. */
function serverBlocks(config: BalancerConfig, remarks: Remarks): readonly string[] {
  const { snapshot, listeners } = config;
  const hosts = [...new Set(snapshot.routes.flatMap((route) => (route.host === undefined ? [] : [route.host])))];
  const anyHost = snapshot.routes.filter((route) => route.host === undefined);
  const blocks = hosts.flatMap((host) => {
    const own = snapshot.routes.filter((route) => route.host === host);
    // A server block does not fall back to another's locations, so those it would need stand in it too.
    const shared = anyHost.filter((route) => !own.some((mine) => covers(mine.path, route.path)));
    return block(config, listeners, host, [...own, ...shared], false, remarks);
  });
  const first = block(config, listeners, undefined, anyHost, hosts.length > 0, remarks);
  return [...blocks, ...first];
}

function covers(prefix: string, path: string): boolean {
  return path === prefix || path.startsWith(prefix.endsWith("/") ? prefix : `${prefix}/`);
}

function block(
  { snapshot }: BalancerConfig,
  listeners: readonly ListenAddress[],
  host: string | undefined,
  routes: readonly RouteSpec[],
  marked: boolean,
  remarks: Remarks,
): readonly string[] {
  const locations = routes.flatMap((route) => locationLines(route, snapshot, remarks));
  // Without a location for everything, NGINX would serve files.
  const rest = routes.some((route) => route.path === "/") ? [] : ["return 404;"];
  const body = [
    ...listeners.map((address) => `listen ${listenText(address)}${marked ? " default_server" : ""};`),
    ...(host === undefined ? [] : [`server_name ${host};`]),
    ...(locations.length === 0
      ? rest
      : [...locations, ...(rest.length > 0 ? ["location / {", "    return 404;", "}"] : [])]),
  ];
  return ["server {", ...indent(body), "}"];
}

/** Sojourn's prefixes end on segments; NGINX's do not, so a longer path takes two locations. */
function locationLines(route: RouteSpec, snapshot: Snapshot, remarks: Remarks): readonly string[] {
  const pool = snapshot.pools.find(({ name }) => name === route.pool);
  if (pool === undefined) return remarks.refuse(`a route to the unknown pool ${route.pool}`, "name an existing pool");
  const body = indent(proxyLines(pool, remarks));
  const paths = route.path.endsWith("/") ? [quoted(route.path)] : [`= ${quoted(route.path)}`, quoted(`${route.path}/`)];
  return paths.flatMap((path) => [`location ${path} {`, ...body, "}"]);
}

function proxyLines({ name, profile, servers }: PoolSpec, remarks: Remarks): readonly string[] {
  const { hostHeader, timeouts, tries } = profile;
  const host = hostHeader === "client" ? "$http_host" : hostHeader.literal === name ? undefined : hostHeader.literal;
  const peers = servers.filter((server) => server.state !== "disabled").length;
  const lines = [`proxy_pass http://${plainName(name)};`, "proxy_http_version 1.1;"];
  if (host !== undefined) lines.push(`proxy_set_header Host ${host};`);
  lines.push("proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;");
  if (profile.forwardedHeaders === "x-forwarded") {
    lines.push(
      "proxy_set_header X-Forwarded-For $remote_addr;",
      "proxy_set_header X-Forwarded-Proto $scheme;",
      "proxy_set_header X-Forwarded-Host $http_host;",
      "proxy_set_header X-Forwarded-Port $server_port;",
    );
  }
  if (timeouts.connectMs !== 60_000)
    lines.push(`proxy_connect_timeout ${quoted(formatNginxTime(timeouts.connectMs))};`);
  if (timeouts.responseMs !== 60_000) lines.push(`proxy_read_timeout ${quoted(formatNginxTime(timeouts.responseMs))};`);
  if (tries === 1 && peers > 1) lines.push("proxy_next_upstream off;");
  else if (tries > 1 && tries < peers) lines.push(`proxy_next_upstream_tries ${tries};`);
  if (!profile.cancelOnAbort) lines.push("proxy_ignore_client_abort on;");
  if (timeouts.connectMs > 75_000) remarks.note(`${name}: NGINX advises connect timeouts of at most 75s`);
  return lines;
}

function listenText({ host, port }: ListenAddress): string {
  return host === "*" || host === "0.0.0.0" ? String(port) : formatHostPort(host, port);
}

function indent(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === "" ? line : `    ${line}`));
}
