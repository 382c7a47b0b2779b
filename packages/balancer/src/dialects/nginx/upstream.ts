import type { BalanceMethod, NginxStamp, ServerSpec } from "../../model.ts";
import { formatHostPort, isHost, isIpLiteral, parseHostPort } from "../shared/address.ts";
import { plainServer } from "../shared/defaults.ts";
import type { Spot } from "../shared/problems.ts";
import type { Report } from "../shared/report.ts";
import type { Resolution } from "../shared/resolution.ts";
import { readSticky } from "./sticky.ts";
import type { Directive, Word } from "./text.ts";
import { parseNginxTime } from "./time.ts";
import { irrelevant, walk } from "./walk.ts";

export interface Upstream {
  readonly name: string;
  readonly servers: readonly ServerSpec[];
  readonly balance: BalanceMethod;
  readonly stamp: NginxStamp | undefined;
  readonly keepalive: boolean;
  readonly passive: { readonly maxFails: number; readonly failTimeoutMs: number };
  readonly at: Spot;
}

interface ServerLine {
  readonly specs: readonly ServerSpec[];
  readonly maxFails: number;
  readonly failTimeoutMs: number;
  readonly at: Spot;
}

const TUNING = ["zone", "keepalive_requests", "keepalive_timeout", "keepalive_time"];
const OTHER_METHODS = ["ip_hash", "hash", "random", "least_time"];

/** `upstream NAME { … }`. */
export function readUpstream(directive: Directive, report: Report, resolution: Resolution): Upstream {
  const name = directive.args[0]?.text ?? "";
  const lines: ServerLine[] = [];
  let stamp: NginxStamp | undefined;
  let sticky = false;
  let balance: BalanceMethod = "round-robin";
  let keepalive = false;

  const table = {
    ...irrelevant(TUNING, report),
    server: {
      args: [1, Number.POSITIVE_INFINITY] as const,
      read: (line: Directive) => {
        lines.push(readServerLine(line, report, resolution));
      },
    },
    sticky: {
      args: [2, Number.POSITIVE_INFINITY] as const,
      once: true,
      read: (line: Directive) => {
        sticky = true;
        stamp = readSticky(line, report);
      },
    },
    least_conn: {
      args: [0, 0] as const,
      once: true,
      read: ({ at }: Directive) => {
        if (sticky) {
          const what = "least_conn after sticky replaces it in NGINX";
          report.contradiction(what, "write the method before sticky", at);
        }
        balance = "least-connections";
      },
    },
    keepalive: {
      args: [1, 2] as const,
      once: true,
      read: ({ args: [count] }: Directive) => {
        if (count === undefined) return;
        if (!/^[1-9]\d{0,8}$/.test(count.text)) {
          report.invalid("keepalive", count.text, "which is no number of connections", "give at least 1", count.at);
        }
        keepalive = true;
      },
    },
  };
  for (const method of OTHER_METHODS) {
    Object.assign(table, {
      [method]: {
        args: [0, Number.POSITIVE_INFINITY],
        read: ({ at }: Directive) =>
          report.unsupported(`the method ${method}`, at, "use round robin, least_conn or sticky cookie"),
      },
    });
  }
  walk(directive.block ?? [], "upstream", table, report);
  if (lines.length === 0) {
    report.problems.add("CONFIG_NO_SERVERS", { pool: name, how: "add server ADDRESS; to the upstream" }, directive.at);
  }
  checkRoutes(lines, sticky, report);
  const unresolved = lines.find(({ specs }) =>
    specs.some((spec) => !spec.stampValue && !isIpLiteral(spec.address ?? spec.host)),
  );
  if (stamp !== undefined && unresolved !== undefined) {
    report.note(
      `${name}: the cookie holds the md5 of a server's name here, in NGINX that of its address; --resolve makes them equal`,
      unresolved.at,
    );
  }
  const servers = distinctNames(lines.flatMap((line) => line.specs));
  return { name, servers, balance, stamp, keepalive, passive: readPassive(lines, servers, report), at: directive.at };
}

const NUMBERS = ["weight", "max_conns", "max_fails"];
const WORDS = ["backup", "down", "drain"];

function readServerLine(line: Directive, report: Report, resolution: Resolution): ServerLine {
  const [address, ...parameters] = line.args;
  const given = new Map<string, string>();
  for (const word of parameters) {
    const [, key = word.text, value = ""] = /^([a-z_]+)=(.*)$/s.exec(word.text) ?? [];
    const isWord = !word.text.includes("=");
    const known = isWord ? WORDS.includes(key) : [...NUMBERS, "fail_timeout", "route"].includes(key);
    if (!known) report.unsupported(`the parameter ${word.text} of server`, word.at);
    else if (given.has(key)) report.problems.add("CONFIG_NAME_DOUBLED", { kind: "parameter", name: key }, word.at);
    else if (checkParameter(key, value, word, report)) given.set(key, value);
  }
  const number = (key: string, fallback: number) => Number(given.get(key) ?? fallback);
  const route = given.get("route");
  if (given.has("down") && given.has("drain")) {
    report.contradiction("a server is either down or drain", "keep one of them", line.at);
  }
  const options = {
    weight: number("weight", 1),
    maxConnections: number("max_conns", 0),
    backup: given.has("backup"),
    state: given.has("down")
      ? ("disabled" as const)
      : given.has("drain")
        ? ("draining" as const)
        : ("enabled" as const),
    ...(route === undefined ? {} : { stampValue: route }),
  };
  const peers = address === undefined ? [] : readAddress(address, report, resolution);
  return {
    specs: peers.map((peer) => ({ ...peer, ...options })),
    maxFails: number("max_fails", 1),
    failTimeoutMs: parseNginxTime(given.get("fail_timeout") ?? "10s", "seconds") ?? 0,
    at: line.at,
  };
}

function checkParameter(key: string, value: string, word: Word, report: Report): boolean {
  const refuse = (reason: string, how: string) => {
    report.invalid(key, value, reason, how, word.at);
    return false;
  };
  if (NUMBERS.includes(key)) {
    if (!/^\d{1,9}$/.test(value)) return refuse("which is no whole number", `write ${key}=NUMBER`);
    if (key === "weight" && Number(value) === 0)
      return refuse("which NGINX refuses", "give at least 1, or mark it down");
  }
  if (key === "fail_timeout" && parseNginxTime(value, "seconds") === undefined) {
    return refuse("which is no NGINX time", "write a time such as 10s");
  }
  if (key === "route" && !/^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,32}$/.test(value)) {
    return refuse("which cannot be a route", "give 1 to 32 characters that a cookie can carry");
  }
  return true;
}

/** A name has one peer, and so one cookie value, per address. */
function readAddress(word: Word, report: Report, resolution: Resolution): readonly ServerSpec[] {
  if (word.text.startsWith("unix:")) {
    report.unsupported("a unix socket as server", word.at, "give HOST:PORT");
    return [];
  }
  const parsed = parseHostPort(word.text);
  if (parsed === undefined || !isHost(parsed.host) || parsed.port === 0) {
    report.invalid("server", word.text, "which is no address", "write HOST or HOST:PORT", word.at);
    return [];
  }
  const port = parsed.port ?? 80;
  const name = parsed.port === undefined ? word.text : formatHostPort(parsed.host, port);
  const endpoints = resolution.of(parsed.host, port);
  if (endpoints.length === 0) return [plainServer(name, parsed.host, port)];
  return endpoints.map((endpoint) => {
    const full = endpoints.length === 1 ? name : `${name}@${formatHostPort(endpoint.address, endpoint.port)}`;
    return { ...plainServer(full, parsed.host, endpoint.port), address: endpoint.address };
  });
}

/** NGINX lets one address stand on several lines. */
function distinctNames(servers: readonly ServerSpec[]): readonly ServerSpec[] {
  const taken = new Set<string>();
  return servers.map((server) => {
    let name = server.name;
    for (let n = 2; taken.has(name); n++) name = `${server.name}#${n}`;
    taken.add(name);
    return { ...server, name, identity: name };
  });
}

/** The model judges a pool's servers alike; NGINX lets each line differ. A single peer is never taken out. */
function readPassive(
  lines: readonly ServerLine[],
  servers: readonly ServerSpec[],
  report: Report,
): Upstream["passive"] {
  const first = lines[0] ?? { maxFails: 1, failTimeoutMs: 10_000 };
  for (const line of lines) {
    if (line.maxFails !== first.maxFails || line.failTimeoutMs !== first.failTimeoutMs) {
      const what = "max_fails and fail_timeout that differ between the servers of one upstream";
      report.unsupported(what, line.at, "give all servers the same");
    }
  }
  const maxFails = servers.length === 1 ? 0 : first.maxFails;
  return { maxFails, failTimeoutMs: first.failTimeoutMs };
}

function checkRoutes(lines: readonly ServerLine[], sticky: boolean, report: Report): void {
  for (const line of lines) {
    if (!sticky && line.specs.some((spec) => spec.stampValue !== undefined)) {
      report.contradiction("route= is used by sticky, and this upstream has none", "add sticky cookie NAME;", line.at);
    }
  }
}
