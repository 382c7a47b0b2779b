import { isDeepStrictEqual } from "node:util";
import type { NginxStamp, PoolSpec, ServerSpec, SojournStamp } from "../../model.ts";
import { formatHostPort } from "../shared/address.ts";
import { noteCommonLosses, type Remarks } from "../shared/writing.ts";
import { formatNginxTime } from "./time.ts";

/** The lines inside `upstream NAME { … }`. */
export function upstreamLines(pool: PoolSpec, remarks: Remarks): readonly string[] {
  const { name, health, affinity } = pool;
  noteCommonLosses(pool, remarks);
  if (pool.servers.length === 0) remarks.refuse(`the pool ${name} without servers`, "add a server");
  if (health.active !== undefined)
    remarks.note(`${name}: open-source NGINX sends no health checks; it judges by traffic`);
  const sticky = affinity.kind === "cookie" ? stickyLine(name, affinity.formats[0], remarks) : undefined;
  const method = methodLine(pool, remarks);
  return [
    ...pool.servers.map((server) => serverLine(server, pool, remarks)),
    ...(method === undefined ? [] : [method]),
    ...(sticky === undefined ? [] : [sticky]),
    ...(pool.profile.reuseConnections ? ["keepalive 32;"] : []),
  ];
}

function serverLine(server: ServerSpec, pool: PoolSpec, remarks: Remarks): string {
  const address = server.address ?? server.host;
  const { maxFails, failTimeoutMs } = pool.health.passive;
  const resting = server.weight === 0 || server.state === "draining";
  const parts = [
    `server ${server.port === 80 && !address.includes(":") ? address : formatHostPort(address, server.port)}`,
  ];
  if (server.weight > 1) parts.push(`weight=${server.weight}`);
  if (server.maxConnections > 0) parts.push(`max_conns=${server.maxConnections}`);
  // NGINX never takes out a single server, so there is nothing to say.
  if (maxFails !== 1 && pool.servers.length > 1) parts.push(`max_fails=${maxFails}`);
  if (failTimeoutMs !== 10_000) {
    if (failTimeoutMs % 1_000 !== 0) remarks.note(`${pool.name}: fail_timeout is rounded up to whole seconds`);
    parts.push(`fail_timeout=${seconds(failTimeoutMs)}`);
  }
  if (server.backup) {
    if (pool.affinity.kind === "ip" || pool.affinity.kind === "header") {
      remarks.refuse(`backup servers beside a hash (${pool.name}/${server.name})`, "use cookie affinity, or no backup");
    }
    parts.push("backup");
  }
  if (server.state === "disabled") parts.push("down");
  else if (resting && pool.affinity.kind === "cookie") parts.push("drain");
  else if (resting) {
    remarks.note(`${pool.name}/${server.name}: without a cookie NGINX cannot drain; the server is down`);
    parts.push("down");
  }
  if (server.stampValue !== undefined && pool.affinity.kind === "cookie") parts.push(`route=${server.stampValue}`);
  const said = server.name === address || server.name === formatHostPort(address, server.port);
  return `${parts.join(" ")};${said ? "" : `  # ${comment(server.name)}`}`;
}

function stickyLine(pool: string, stamp: NginxStamp | SojournStamp, remarks: Remarks): string {
  const { attributes } = stamp;
  const parts = [`sticky cookie ${quoted(stamp.cookie)}`];
  if (stamp.kind === "nginx") {
    if (stamp.expires !== undefined) {
      parts.push(`expires=${stamp.expires === "max" ? "max" : quoted(seconds(stamp.expires * 1_000))}`);
    }
  } else {
    remarks.note(
      `${pool}: NGINX writes the md5 of the server's address, readable and unauthenticated; ` +
        "clients with Sojourn's stamp are assigned once more",
    );
    remarks.note(
      `${pool}: sticky needs NGINX 1.29.6 or later; it sets the cookie on every response and shows it to the app`,
    );
    for (const limit of ["idleMs", "absoluteMs"] as const) {
      if (stamp[limit] !== undefined) remarks.note(`${pool}: NGINX knows no ${limit.slice(0, -2)} limit of the stamp`);
    }
    if (stamp.maxAgeMs !== undefined) parts.push(`expires=${quoted(seconds(stamp.maxAgeMs))}`);
  }
  if (attributes.domain !== undefined) parts.push(`domain=${attributes.domain}`);
  if (attributes.path !== undefined) parts.push(quoted(`path=${attributes.path}`));
  if (attributes.httpOnly) parts.push("httponly");
  if (attributes.secure) parts.push("secure");
  if (attributes.sameSite !== undefined) parts.push(`samesite=${attributes.sameSite}`);
  return `${parts.join(" ")};`;
}

function methodLine(pool: PoolSpec, remarks: Remarks): string | undefined {
  const { affinity, balance, name } = pool;
  if (affinity.kind === "header") {
    if (!/^[A-Za-z0-9-]+$/.test(affinity.name)) {
      remarks.refuse(`the header ${affinity.name}`, "use a header of letters, digits and -");
    }
    remarks.note(`${name}: NGINX's hash chooses other servers than Sojourn's rendezvous; clients move once`);
    return `hash $http_${affinity.name.toLowerCase().replaceAll("-", "_")} consistent;`;
  }
  if (affinity.kind === "ip") {
    if (balance === "haproxy-source")
      remarks.note(`${name}: HAProxy's source map is replaced by a hash; clients move once`);
    else remarks.note(`${name}: NGINX's hash chooses other servers than Sojourn's rendezvous; clients move once`);
    if (affinity.rememberMs !== undefined) {
      remarks.note(`${name}: NGINX remembers no choice; clients are kept by hash for as long as servers stay`);
    }
    if (isDeepStrictEqual([affinity.prefixV4, affinity.prefixV6], [24, 128])) return "ip_hash;";
    if (affinity.prefixV4 !== 32) {
      remarks.refuse(`a client network of /${affinity.prefixV4}`, "use prefixV4 32, or 24 with prefixV6 128 (ip_hash)");
    }
    if (affinity.prefixV6 !== 128) remarks.note(`${name}: IPv6 clients are told apart by their whole address`);
    return "hash $remote_addr consistent;";
  }
  if (balance === "least-connections") return "least_conn;";
  if (balance === "rendezvous") remarks.note(`${name}: new clients are spread by round robin`);
  return undefined;
}

/** NGINX counts these in whole seconds. */
function seconds(ms: number): string {
  return formatNginxTime(Math.max(1, Math.ceil(ms / 1_000)) * 1_000);
}

/** Quotes what would not stay one word. */
export function quoted(text: string): string {
  if (text !== "" && !/[\s;{}"'\\#$]/.test(text)) return text;
  return `"${text.replace(/[\\"]/g, "\\$&")}"`;
}

function comment(text: string): string {
  return text.replace(/[\r\n]/g, " ");
}
