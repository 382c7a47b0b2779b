import type { ActiveCheck, PoolSpec, ServerSpec, SojournStamp, StampFormat } from "../../model.ts";
import { formatHostPort } from "../shared/address.ts";
import { noteCommonLosses, type Remarks } from "../shared/writing.ts";
import { formatHaproxyTime } from "./time.ts";

const MOST_WEIGHT = 256;

/** The lines of one backend section, its head included. */
export function backendLines(pool: PoolSpec, remarks: Remarks): readonly string[] {
  noteCommonLosses(pool, remarks);
  const { name, health, profile } = pool;
  if (pool.servers.length === 0) remarks.refuse(`the pool ${name} without servers`, "add a server");
  if (health.passive.maxFails > 0) remarks.note(`${name}: HAProxy judges servers by checks, not by failed requests`);
  if (health.active === undefined && health.passive.maxFails > 0) {
    remarks.note(`${name}: without health: path, HAProxy never takes a dead server out`);
  }
  const lines = [
    "mode http",
    `timeout connect ${formatHaproxyTime(profile.timeouts.connectMs)}`,
    `timeout server ${formatHaproxyTime(profile.timeouts.responseMs)}`,
    ...balanceLines(pool, remarks),
    ...profileLines(pool),
    ...(health.active === undefined ? [] : checkLines(health.active)),
  ];
  if (pool.servers.filter((server) => server.backup).length > 1) lines.push("option allbackups");
  if (pool.affinity.kind === "cookie") lines.push(cookieLine(name, pool.affinity.formats[0], remarks));
  const names = distinct(pool.servers.map((server) => haproxyName(server.name)));
  pool.servers.forEach((server, index) => {
    lines.push(serverLine(server, names[index] ?? server.name, pool, remarks));
  });
  return [`backend ${haproxyName(name)}`, ...lines.map((line) => `    ${line}`)];
}

function balanceLines({ affinity, balance, name }: PoolSpec, remarks: Remarks): readonly string[] {
  const moved = () =>
    remarks.note(`${name}: HAProxy's hash chooses other servers than Sojourn's rendezvous; clients move once`);
  if (affinity.kind === "header") {
    moved();
    return [`balance hdr(${word(affinity.name)})`, "hash-type consistent"];
  }
  if (affinity.kind === "ip") {
    if (affinity.rememberMs !== undefined) {
      remarks.note(`${name}: HAProxy refreshes its table at every request, not at every connection`);
      const expire = formatHaproxyTime(affinity.rememberMs);
      return ["balance random", `stick-table type ipv6 size 100k expire ${expire}`, "stick on src"];
    }
    if (balance === "haproxy-source" && affinity.prefixV4 === 32 && affinity.prefixV6 === 128)
      return ["balance source"];
    moved();
    if (affinity.prefixV4 === 32 && affinity.prefixV6 === 128) return ["balance source", "hash-type consistent"];
    return [`balance hash src,ipmask(${affinity.prefixV4},${affinity.prefixV6})`, "hash-type consistent"];
  }
  if (balance === "least-connections") return ["balance leastconn"];
  if (balance === "rendezvous") remarks.note(`${name}: new clients are spread by round robin`);
  return ["balance roundrobin"];
}

function profileLines({ profile }: PoolSpec): readonly string[] {
  const lines: string[] = [];
  if (profile.tries !== 1) lines.push("option redispatch");
  if (profile.cancelOnAbort) lines.push("option abortonclose");
  if (!profile.reuseConnections) lines.push("option http-server-close");
  if (profile.hostHeader !== "client") lines.push(`http-request set-header Host ${profile.hostHeader.literal}`);
  if (profile.forwardedHeaders === "x-forwarded") {
    lines.push(
      // The host goes first: a Host set above must not be what the server is told of the client's.
      "option forwardfor",
      "http-request set-header X-Forwarded-Proto http",
      "http-request set-header X-Forwarded-Port %[dst_port]",
    );
    lines.splice(
      lines.findIndex((line) => line.startsWith("http-request")),
      0,
      "http-request set-header X-Forwarded-Host %[req.hdr(host)]",
    );
  }
  return lines;
}

function checkLines(check: ActiveCheck): readonly string[] {
  const lines: string[] = [];
  if (check.kind === "http") {
    lines.push(`option httpchk GET ${word(check.path)}`);
    if (check.host !== undefined) lines.push(`http-check send hdr Host ${word(check.host)}`);
  }
  if (check.timeoutMs !== check.intervalMs) lines.push(`timeout check ${formatHaproxyTime(check.timeoutMs)}`);
  const inter = formatHaproxyTime(check.intervalMs);
  lines.push(`default-server check inter ${inter} fall ${check.fall} rise ${check.rise}`);
  return lines;
}

function cookieLine(pool: string, stamp: StampFormat, remarks: Remarks): string {
  const { attributes } = stamp;
  if (attributes.path !== undefined && attributes.path !== "/") {
    remarks.note(`${pool}: HAProxy's cookie always has path /`);
  }
  remarks.note(
    `${pool}: HAProxy writes the server's name into the cookie, readable and unauthenticated; clients are assigned once more`,
  );
  const parts = [`cookie ${word(stamp.cookie)} insert`];
  if (stamp.kind === "nginx" || stamp.hidden) parts.push("indirect");
  if (stamp.kind === "nginx" || stamp.cachePrivate) parts.push("nocache");
  if (attributes.domain !== undefined) parts.push(`domain ${attributes.domain}`);
  if (attributes.httpOnly) parts.push("httponly");
  if (attributes.secure) parts.push("secure");
  if (stamp.kind === "sojourn") parts.push(...limits(pool, stamp, remarks));
  if (attributes.sameSite !== undefined) {
    parts.push(`attr SameSite=${attributes.sameSite[0]?.toUpperCase()}${attributes.sameSite.slice(1)}`);
  }
  const maxAge = stamp.kind === "nginx" ? nginxAge(stamp.expires) : stamp.maxAgeMs;
  if (maxAge !== undefined) parts.push(`attr Max-Age=${Math.floor(maxAge / 1_000)}`);
  return parts.join(" ");
}

/** HAProxy keeps dates in units of four seconds. */
function limits(pool: string, { idleMs, absoluteMs }: SojournStamp, remarks: Remarks): readonly string[] {
  const whole = (ms: number) => `${Math.ceil(ms / 1_000)}s`;
  if ((idleMs ?? 0) % 4_000 !== 0 || (absoluteMs ?? 0) % 4_000 !== 0) {
    remarks.note(`${pool}: HAProxy counts the cookie's limits in steps of four seconds`);
  }
  return [
    ...(idleMs === undefined ? [] : [`maxidle ${whole(idleMs)}`]),
    ...(absoluteMs === undefined ? [] : [`maxlife ${whole(absoluteMs)}`]),
  ];
}

function nginxAge(expires: number | "max" | undefined): number | undefined {
  return expires === "max" ? 315_360_000_000 : expires === undefined ? undefined : expires * 1_000;
}

function serverLine(server: ServerSpec, name: string, pool: PoolSpec, remarks: Remarks): string {
  const parts = [`server ${name} ${formatHostPort(server.address ?? server.host, server.port)}`];
  if (server.weight > MOST_WEIGHT) {
    remarks.refuse(
      `a weight of ${server.weight} (${pool.name}/${server.name})`,
      `keep weights at or below ${MOST_WEIGHT}`,
    );
  }
  if (pool.affinity.kind === "cookie") parts.push(`cookie ${name}`);
  if (server.state === "draining") {
    remarks.note(
      `${pool.name}/${server.name} drains: its weight is 0, which in HAProxy keeps only clients with a cookie`,
    );
    parts.push("weight 0");
  } else if (server.weight !== 1) parts.push(`weight ${server.weight}`);
  if (server.maxConnections > 0) parts.push(`maxconn ${server.maxConnections}`);
  if (server.backup) parts.push("backup");
  if (server.state === "disabled") parts.push("disabled");
  return parts.join(" ");
}

/** HAProxy's names hold letters, digits and `_ . : -`. */
export function haproxyName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.:-]/g, "-");
}

/** Escapes what HAProxy would read as the end of a word or the start of a comment. */
export function word(text: string): string {
  return text.replace(/[\s#'"\\]/g, "\\$&");
}

function distinct(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let free = name;
    for (let n = 2; taken.has(free); n++) free = `${name}-${n}`;
    taken.add(free);
    return free;
  });
}
