import type { ListenAddress } from "../../config.ts";
import type { ActiveCheck, BalanceMethod } from "../../model.ts";
import { parseListen } from "../shared/address.ts";
import type { Report } from "../shared/report.ts";
import { suggest } from "../shared/suggest.ts";
import type { Section } from "./section.ts";
import { readServerOptions, type ServerOptions } from "./server.ts";
import type { Line, Word } from "./text.ts";
import { parseHaproxyTime } from "./time.ts";

/** What a `defaults` section says, or it and a proxy section together. */
export interface Settings {
  mode?: "http";
  balance?: BalanceMethod;
  reuse?: boolean;
  redispatch?: boolean;
  forwardfor?: boolean;
  /** The other forwarding headers that are set, in lower case. */
  forwards?: ReadonlySet<string>;
  /** A Host that replaces the client's. */
  host?: string;
  abortonclose?: boolean;
  allbackups?: boolean;
  httpCheck?: Pick<ActiveCheck, "path"> | undefined;
  connectMs?: number;
  serverMs?: number;
  checkMs?: number;
  defaultBackend?: Word;
  serverDefaults?: ServerOptions;
}

export interface ProxySection {
  readonly section: Section;
  readonly settings: Settings;
  readonly binds: readonly ListenAddress[];
  readonly servers: readonly ServerEntry[];
}

/** A `server` line with what the `default-server` lines above it say; those below do not touch it. */
export interface ServerEntry extends Line {
  readonly defaults: ServerOptions;
}

const TUNING = ["log", "log-format", "log-tag", "description", "fullconn", "backlog", "maxconn", "id", "enabled"];
const GLOBAL_TUNING = [
  "log",
  "daemon",
  "maxconn",
  "user",
  "group",
  "uid",
  "gid",
  "chroot",
  "pidfile",
  "nbthread",
  "stats",
  "quiet",
  "debug",
  "master-worker",
  "ulimit-n",
];
const OPTION_TUNING = [
  "httplog",
  "tcplog",
  "dontlognull",
  "dontlog-normal",
  "log-health-checks",
  "logasap",
  "clitcpka",
  "srvtcpka",
  "tcpka",
  "http-keep-alive",
  "splice-auto",
];
const TIMEOUT_TUNING = [
  "client",
  "http-request",
  "http-keep-alive",
  "queue",
  "tunnel",
  "client-fin",
  "server-fin",
  "tarpit",
];
const METHODS: Readonly<Record<string, BalanceMethod>> = {
  source: "haproxy-source",
  roundrobin: "round-robin",
  "static-rr": "round-robin",
  leastconn: "least-connections",
};

export function readGlobal(section: Section, report: Report): void {
  for (const { keyword } of section.lines) {
    if (GLOBAL_TUNING.includes(keyword.text)) noEffect(keyword, report);
    else unknown(keyword, "global", GLOBAL_TUNING, report);
  }
}

/** Reads a `defaults`, `frontend`, `backend` or `listen` section over the defaults before it. */
export function readProxy(section: Section, defaults: Settings, report: Report): ProxySection {
  const settings: Settings = { ...defaults };
  const binds: ListenAddress[] = [];
  const servers: ServerEntry[] = [];
  const rows: Readonly<Record<string, (args: readonly Word[], keyword: Word) => void>> = {
    mode([mode], keyword) {
      if (mode?.text === "http") settings.mode = "http";
      else report.unsupported(`mode ${mode?.text ?? ""}`, keyword.at, "use mode http");
    },
    balance([method, extra], keyword) {
      const balance = method !== undefined && Object.hasOwn(METHODS, method.text) ? METHODS[method.text] : undefined;
      if (balance === undefined || extra !== undefined) {
        const written = [method, extra].flatMap((word) => (word === undefined ? [] : [word.text])).join(" ");
        report.unsupported(`balance ${written}`, keyword.at, `use balance ${Object.keys(METHODS).join(", ")}`);
      } else settings.balance = balance;
    },
    "hash-type"([type, extra], keyword) {
      if (type?.text === "map-based" && extra === undefined) return;
      report.unsupported(`hash-type ${type?.text ?? ""}`, keyword.at, "use hash-type map-based");
    },
    "http-reuse"([how], keyword) {
      if (how !== undefined && ["never", "safe", "aggressive", "always"].includes(how.text))
        settings.reuse = how.text !== "never";
      else report.unsupported(`http-reuse ${how?.text ?? ""}`, keyword.at, "use never or safe");
    },
    retries(_, keyword) {
      report.note(
        "HAProxy's retries go to the same server; a refused connection is not tried there again here",
        keyword.at,
      );
    },
    timeout([which, value], keyword) {
      const ms = value === undefined ? undefined : parseHaproxyTime(value.text);
      if (which === undefined || value === undefined || ms === undefined || ms === 0) {
        report.invalid(
          "timeout",
          value?.text ?? "",
          "which is no HAProxy time above 0",
          "write timeout NAME 30s",
          keyword.at,
        );
      } else if (which.text === "connect") settings.connectMs = ms;
      else if (which.text === "server") settings.serverMs = ms;
      else if (which.text === "check") settings.checkMs = ms;
      else if (TIMEOUT_TUNING.includes(which.text)) noEffect({ text: `timeout ${which.text}`, at: keyword.at }, report);
      else unknown(which, "timeout", ["connect", "server", "check", ...TIMEOUT_TUNING], report);
    },
    option: (args, keyword) => readOption(args, keyword, true, settings, report),
    no([option, ...args], keyword) {
      if (option?.text === "option") readOption(args, keyword, false, settings, report);
      else report.unsupported(`no ${option?.text ?? ""}`, keyword.at);
    },
    default_backend([name], keyword) {
      if (name === undefined) {
        report.problems.add(
          "CONFIG_KEY_MISSING",
          { where: "default_backend", key: "a name", how: "name a backend" },
          keyword.at,
        );
      } else settings.defaultBackend = name;
    },
    "default-server": (args) => {
      settings.serverDefaults = { ...settings.serverDefaults, ...readServerOptions(args, report) };
    },
    "http-request": (args, keyword) => readRequestRule(args, keyword, settings, report),
    server: (args, keyword) => void servers.push({ keyword, args, defaults: settings.serverDefaults ?? {} }),
    bind: (args, keyword) => void binds.push(...readBind(args, keyword, report)),
  };
  const wrongPlace: Readonly<Record<string, readonly string[]>> = {
    bind: ["frontend", "listen"],
    default_backend: ["frontend", "listen", "defaults"],
    server: ["backend", "listen"],
    balance: ["backend", "listen", "defaults"],
  };
  for (const { keyword, args } of section.lines) {
    const read = Object.hasOwn(rows, keyword.text) ? rows[keyword.text] : undefined;
    const places = Object.hasOwn(wrongPlace, keyword.text) ? wrongPlace[keyword.text] : undefined;
    if (read === undefined && TUNING.includes(keyword.text)) noEffect(keyword, report);
    else if (read === undefined) unknown(keyword, section.kind, Object.keys(rows), report);
    else if (places !== undefined && !places.includes(section.kind)) {
      report.contradiction(
        `${keyword.text} cannot stand in a ${section.kind} section`,
        `move it to ${places.join(" or ")}`,
        keyword.at,
      );
    } else read(args, keyword);
  }
  return { section, settings, binds, servers };
}

function readOption(args: readonly Word[], keyword: Word, on: boolean, settings: Settings, report: Report): void {
  const [option, ...rest] = args;
  switch (option?.text) {
    case "redispatch":
    case "forwardfor":
    case "abortonclose":
    case "allbackups":
      settings[option.text] = on;
      if (rest[0] !== undefined) report.unsupported(`option ${option.text} ${rest[0].text}`, rest[0].at);
      return;
    case "http-server-close":
    case "httpclose":
      settings.reuse = !on;
      return;
    case "httpchk": {
      const [method, path, version] = rest;
      if (!on) settings.httpCheck = undefined;
      else if (method?.text === "GET" && path?.text.startsWith("/") && version === undefined) {
        settings.httpCheck = { path: path.text };
      } else report.unsupported("option httpchk in this form", keyword.at, "write option httpchk GET /path");
      return;
    }
    default:
      if (option !== undefined && OPTION_TUNING.includes(option.text)) {
        noEffect({ text: `option ${option.text}`, at: keyword.at }, report);
      } else report.unsupported(`option ${option?.text ?? ""}`, keyword.at);
  }
}

/** What `http-request` must say for Sojourn's forwarding headers to be the same. */
export const FORWARDED: Readonly<Record<string, string>> = {
  "x-forwarded-host": "%[req.hdr(host)]",
  "x-forwarded-proto": "http",
  "x-forwarded-port": "%[dst_port]",
};

function readRequestRule(args: readonly Word[], keyword: Word, settings: Settings, report: Report): void {
  const [action, field, value] = args;
  const name = field?.text.toLowerCase() ?? "";
  // Sojourn drops it from peers that are not trusted anyway.
  if (action?.text === "del-header" && name === "x-forwarded-for" && value === undefined) return;
  if (action?.text === "set-header" && value !== undefined && args.length === 3) {
    if (Object.hasOwn(FORWARDED, name) && FORWARDED[name] === value.text) {
      settings.forwards = new Set([...(settings.forwards ?? []), name]);
      return;
    }
    if (name === "host" && /^[A-Za-z0-9.:[\]_-]+$/.test(value.text)) {
      settings.host = value.text;
      return;
    }
  }
  report.unsupported(`http-request ${args.map((word) => word.text).join(" ")}`, keyword.at);
}

/** `bind [ADDRESS]:PORT[,…]`. */
function readBind([addresses, ...flags]: readonly Word[], keyword: Word, report: Report): readonly ListenAddress[] {
  const [flag] = flags;
  if (flag !== undefined) report.unsupported(`the parameter ${flag.text} of bind`, flag.at);
  if (addresses === undefined) {
    report.problems.add(
      "CONFIG_KEY_MISSING",
      { where: "bind", key: "an address", how: "write bind ADDRESS:PORT" },
      keyword.at,
    );
    return [];
  }
  return addresses.text.split(",").flatMap((text) => {
    const address = parseListen(text);
    if (address !== undefined && address.port !== 0) {
      return [address.host === "0.0.0.0" ? { ...address, host: "*" } : address];
    }
    report.unsupported(`the bind address ${text}`, addresses.at, "write ADDRESS:PORT with an IP address or *");
    return [];
  });
}

function noEffect({ text, at }: Word, report: Report): void {
  report.note(`${text} tunes HAProxy itself and has no effect here`, at);
}

function unknown(word: Word, where: string, known: readonly string[], report: Report): void {
  const close = suggest(word.text, known);
  report.unsupported(`${word.text} in ${where}`, word.at, close === undefined ? undefined : `did you mean ${close}?`);
}
