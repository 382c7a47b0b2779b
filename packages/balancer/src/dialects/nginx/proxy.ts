import type { EngineProfile } from "../../model.ts";
import type { Report } from "../shared/report.ts";
import type { Directive, Word } from "./text.ts";
import { parseNginxTime } from "./time.ts";
import { irrelevant, type Table } from "./walk.ts";

/** The `proxy_*` directives of one block; what it does not say comes from the block around it. */
export interface ProxySettings {
  version?: "1.0" | "1.1";
  headers?: Map<string, Word>;
  connectMs?: number;
  readMs?: number;
  /** At most this many tries; 0 is as many as there are servers. */
  tries?: number;
  nextUpstream?: boolean;
  ignoreAbort?: boolean;
  redirect?: "default" | "off";
}

const STREAMS = [
  "proxy_buffering",
  "proxy_request_buffering",
  "proxy_buffers",
  "proxy_buffer_size",
  "proxy_busy_buffers_size",
];

export function proxyTable(settings: ProxySettings, report: Report): Table {
  const one = (read: (word: Word) => void) => ({
    args: [1, 1] as const,
    once: true,
    read: ({ args: [word] }: Directive) => {
      if (word !== undefined) read(word);
    },
  });
  const time = (set: (ms: number) => void) => ({
    args: [1, 1] as const,
    once: true,
    read: ({ name, args: [word] }: Directive) => {
      if (word === undefined) return;
      const ms = parseNginxTime(word.text, "milliseconds");
      if (ms === undefined || ms === 0) {
        report.invalid(name, word.text, "which is no NGINX time above 0", "write a time such as 60s", word.at);
      } else set(ms);
    },
  });
  const choice = (values: Readonly<Record<string, () => void>>) => ({
    args: [1, 1] as const,
    once: true,
    read: ({ name, args: [word] }: Directive) => {
      if (word === undefined) return;
      const set = Object.hasOwn(values, word.text) ? values[word.text] : undefined;
      if (set === undefined)
        report.unsupported(`${name} ${word.text}`, word.at, `use ${Object.keys(values).join(" or ")}`);
      else set();
    },
  });
  const set = (values: ProxySettings) => () => void Object.assign(settings, values);

  return {
    ...irrelevant([...STREAMS, "proxy_send_timeout"], report),
    proxy_http_version: choice({ "1.0": set({ version: "1.0" }), "1.1": set({ version: "1.1" }) }),
    proxy_connect_timeout: time((connectMs) => set({ connectMs })()),
    proxy_read_timeout: time((readMs) => set({ readMs })()),
    proxy_ignore_client_abort: choice({ on: set({ ignoreAbort: true }), off: set({ ignoreAbort: false }) }),
    proxy_redirect: choice({ default: set({ redirect: "default" }), off: set({ redirect: "off" }) }),
    proxy_next_upstream_tries: one((word) => {
      if (/^\d{1,6}$/.test(word.text)) settings.tries = Number(word.text);
      else report.invalid("proxy_next_upstream_tries", word.text, "which is no whole number", "give a number", word.at);
    }),
    proxy_next_upstream: {
      args: [1, Number.POSITIVE_INFINITY],
      once: true,
      read: ({ args, at }) => {
        const conditions = args
          .map((word) => word.text)
          .sort()
          .join(" ");
        if (conditions === "off" || conditions === "error timeout") settings.nextUpstream = conditions !== "off";
        else report.unsupported(`proxy_next_upstream ${conditions}`, at, "use error timeout, or off");
      },
    },
    proxy_set_header: {
      args: [2, 2],
      read: ({ args: [field, value] }) => {
        if (field === undefined || value === undefined) return;
        settings.headers ??= new Map();
        const name = field.text.toLowerCase();
        if (settings.headers.has(name)) {
          report.problems.add("CONFIG_NAME_DOUBLED", { kind: "header", name: field.text }, field.at);
        } else settings.headers.set(name, value);
      },
    },
  };
}

/** What the `map` of `$http_upgrade` is called, here and in NGINX's own documentation. */
export const UPGRADE_VARIABLE = "$connection_upgrade";

/** What a location inherits. Headers are inherited all or none. */
export function inherit(outer: ProxySettings, inner: ProxySettings): ProxySettings {
  return { ...outer, ...inner };
}

const FORWARDED: Readonly<Record<string, readonly string[]>> = {
  "x-forwarded-for": ["$remote_addr", "$proxy_add_x_forwarded_for"],
  "x-forwarded-proto": ["$scheme"],
  "x-forwarded-host": ["$host", "$http_host"],
  "x-forwarded-port": ["$server_port"],
};

/**
 * The profile of a pool whose proxy_pass names `target`.
 * @param keepsOpen what the map of `$http_upgrade` says for requests without upgrade; absent: there is no such map.
 */
export function profileOf(
  settings: ProxySettings,
  target: string,
  upstream: { readonly keepalive: boolean; readonly peers: number },
  keepsOpen: boolean | undefined,
  report: Report,
): EngineProfile {
  const headers = settings.headers ?? new Map<string, Word>();
  const forwarded = new Set<string>();
  for (const [name, value] of headers) {
    if (name === "host" || (name === "upgrade" && value.text === "$http_upgrade")) continue;
    const mapped = value.text === UPGRADE_VARIABLE && keepsOpen !== undefined;
    if (name === "connection" && (value.text === "" || mapped)) continue;
    if (FORWARDED[name]?.includes(value.text)) forwarded.add(name);
    else report.unsupported(`proxy_set_header ${name} ${value.text}`, value.at);
  }
  const silent = Object.keys(FORWARDED).filter((name) => !forwarded.has(name));
  if (forwarded.size > 0 && silent.length > 0) report.note(`${target}: servers are also sent ${silent.join(", ")}`);
  const connection = headers.get("connection")?.text;
  const open = connection === "" || (connection === UPGRADE_VARIABLE && keepsOpen === true);
  const reusable = upstream.keepalive && settings.version === "1.1" && open;
  const most = settings.tries === undefined || settings.tries === 0 ? upstream.peers : settings.tries;
  return {
    engine: "nginx",
    hostHeader: readHost(headers.get("host"), target, report),
    forwardedHeaders: forwarded.size > 0 ? "x-forwarded" : "none",
    reuseConnections: reusable,
    tries: settings.nextUpstream === false ? 1 : Math.max(1, Math.min(most, upstream.peers)),
    cancelOnAbort: !(settings.ignoreAbort ?? false),
    timeouts: { connectMs: settings.connectMs ?? 60_000, responseMs: settings.readMs ?? 60_000 },
  };
}

function readHost(given: Word | undefined, target: string, report: Report): EngineProfile["hostHeader"] {
  if (given === undefined || given.text === "$proxy_host") return { literal: target };
  if (given.text === "$host" || given.text === "$http_host") return "client";
  if (!/^[A-Za-z0-9.:[\]_-]+$/.test(given.text)) {
    report.unsupported(`proxy_set_header Host ${given.text}`, given.at, "use $host, $http_host, $proxy_host or a name");
  }
  return { literal: given.text };
}
