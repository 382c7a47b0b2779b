import type { ActiveCheck, PoolSpec, ServerSpec } from "../../model.ts";
import { BOUND_WINDOW_MS, CHECK_DEFAULTS, plainServer } from "../shared/defaults.ts";
import type { Report } from "../shared/report.ts";
import type { Resolution } from "../shared/resolution.ts";
import { readServerAddress, readServerOptions, type ServerOptions } from "./server.ts";
import { FORWARDED, type ProxySection, type ServerEntry, type Settings } from "./settings.ts";
import type { Word } from "./text.ts";

interface ServerLine {
  readonly spec: ServerSpec;
  readonly options: ServerOptions;
  readonly at: Word["at"];
}

/** HAProxy waits for ever where no timeout is set, and says so at its start. */
const CONNECT_MS = 5_000;
const RESPONSE_MS = 60_000;

/** @param entry what the frontend in front of it says; absent in a fragment. */
export function readBackend(
  proxy: ProxySection,
  entry: Settings | undefined,
  report: Report,
  resolution: Resolution,
): PoolSpec {
  const { section, settings } = proxy;
  const { name, head } = section;
  const lines = proxy.servers.flatMap((line) => readServer(line, report, resolution));
  const seen = new Set<string>();
  for (const { spec, at } of lines) {
    if (seen.has(spec.name)) report.problems.add("CONFIG_NAME_DOUBLED", { kind: "server", name: spec.name }, at);
    seen.add(spec.name);
  }
  if (proxy.servers.length === 0) {
    report.problems.add("CONFIG_NO_SERVERS", { pool: name, how: "add server NAME IP:PORT check" }, head.at);
  }
  const backups = lines.filter((line) => line.spec.backup);
  if (backups[1] !== undefined && !settings.allbackups) {
    report.unsupported("a second backup that waits for the first", backups[1].at, "add option allbackups, or keep one");
  }
  if (settings.mode === undefined) {
    report.note(`${name} has no mode: HAProxy would forward it as TCP, Sojourn runs it as HTTP`, head.at);
  }
  if (settings.connectMs === undefined || settings.serverMs === undefined) {
    const waits = `${CONNECT_MS / 1_000}s to connect and ${RESPONSE_MS / 1_000}s to answer`;
    report.note(
      `${name} lacks timeouts: HAProxy would wait for ever, Sojourn waits ${waits} where none is set`,
      head.at,
    );
  }
  if (!settings.redispatch) {
    const here = "Sojourn answers 503 at once; option redispatch lets it try another";
    report.note(`${name}: where HAProxy tries a server that refuses again, a second apart, ${here}`, head.at);
  }
  if (settings.balance === undefined) {
    report.note(`${name} has no balance: it runs as roundrobin (HAProxy since 3.3: random)`, head.at);
  }
  const host = settings.host ?? entry?.host;
  const forwards = forwardsClient(settings, entry, name, report);
  const active = readChecks(lines, settings, report);
  return {
    name,
    servers: lines.map((line) => line.spec),
    affinity: settings.balance === "haproxy-source" ? { kind: "ip", prefixV4: 32, prefixV6: 128 } : { kind: "none" },
    balance: settings.balance ?? "round-robin",
    health: { ...(active === undefined ? {} : { active }), passive: { maxFails: 0, failTimeoutMs: 10_000 } },
    onDown: "return",
    boundWindowMs: BOUND_WINDOW_MS,
    profile: {
      engine: "haproxy",
      hostHeader: host === undefined ? "client" : { literal: host },
      forwardedHeaders: forwards ? "x-forwarded" : "none",
      reuseConnections: settings.reuse ?? true,
      tries: settings.redispatch ? 2 : 1,
      cancelOnAbort: settings.abortonclose ?? false,
      timeouts: { connectMs: settings.connectMs ?? CONNECT_MS, responseMs: settings.serverMs ?? RESPONSE_MS },
    },
  };
}

/** The forwarding headers come all together; a note names those that this file does not set. */
function forwardsClient(own: Settings, entry: Settings | undefined, name: string, report: Report): boolean {
  const set = new Set([...(own.forwards ?? []), ...(entry?.forwards ?? [])]);
  const forwards = own.forwardfor === true || entry?.forwardfor === true;
  const all = forwards ? ["x-forwarded-for", ...set] : [...set];
  const silent = ["x-forwarded-for", ...Object.keys(FORWARDED)].filter((field) => !all.includes(field));
  if (all.length > 0 && silent.length > 0) report.note(`${name}: servers are also sent ${silent.join(", ")}`);
  return all.length > 0;
}

function readServer(line: ServerEntry, report: Report, resolution: Resolution): readonly ServerLine[] {
  const [name, address, ...parameters] = line.args;
  const { at } = line.keyword;
  if (name === undefined || address === undefined) {
    const how = "write server NAME IP:PORT";
    report.problems.add("CONFIG_KEY_MISSING", { where: "server", key: "a name or an address", how }, at);
    return [];
  }
  if (!/^[A-Za-z0-9_.:-]{1,64}$/.test(name.text)) {
    const how = "use letters, digits and _ . : -";
    report.invalid("a server's name", name.text, "which HAProxy refuses", how, name.at);
  }
  const options = { ...line.defaults, ...readServerOptions(parameters, report) };
  const target = readServerAddress(address, report);
  if (target === undefined) return [];
  const endpoint = resolution.one(target.host, target.port);
  const spec: ServerSpec = {
    ...plainServer(name.text, target.host, endpoint?.port ?? target.port),
    ...(endpoint === undefined ? {} : { address: endpoint.address }),
    weight: options.weight ?? 1,
    maxConnections: options.maxconn ?? 0,
    backup: options.backup ?? false,
    state: options.disabled ? "disabled" : "enabled",
  };
  return [{ spec, options, at }];
}

/** The model checks a pool's servers alike; HAProxy lets each line differ. */
function readChecks(lines: readonly ServerLine[], settings: Settings, report: Report): ActiveCheck | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  for (const { options, at } of lines) {
    const differs = CHECK_KEYS.some((key) => options[key] !== first.options[key]);
    if (differs) report.unsupported("checks that differ between the servers of one backend", at, "give all the same");
  }
  const { check, interMs, fall, rise } = first.options;
  if (!check) {
    if (settings.httpCheck !== undefined) report.note("option httpchk has no effect: no server says check", first.at);
    return undefined;
  }
  const intervalMs = interMs ?? CHECK_DEFAULTS.intervalMs;
  return {
    kind: settings.httpCheck === undefined ? "tcp" : "http",
    path: settings.httpCheck?.path ?? "/",
    intervalMs,
    timeoutMs: settings.checkMs ?? intervalMs,
    fall: fall ?? CHECK_DEFAULTS.fall,
    rise: rise ?? CHECK_DEFAULTS.rise,
    firstDecides: true,
  };
}

const CHECK_KEYS = ["check", "interMs", "fall", "rise"] as const;
