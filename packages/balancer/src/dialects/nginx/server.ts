import type { ListenAddress } from "../../config.ts";
import { isHost, parseListen } from "../shared/address.ts";
import type { Spot } from "../shared/problems.ts";
import type { Report } from "../shared/report.ts";
import { inherit, type ProxySettings, proxyTable } from "./proxy.ts";
import type { Directive, Word } from "./text.ts";
import { irrelevant, walk } from "./walk.ts";

export interface VirtualServer {
  readonly listen: readonly ListenAddress[];
  readonly isDefault: boolean;
  /** Exact names; empty: it can only be the default. */
  readonly names: readonly Word[];
  /** The upstream; absent: it answers 404. */
  readonly target: Word | undefined;
  readonly proxy: ProxySettings;
  readonly at: Spot;
}

export const SERVER_TUNING = [
  "access_log",
  "error_log",
  "server_tokens",
  "tcp_nodelay",
  "tcp_nopush",
  "sendfile",
  "keepalive_timeout",
];

/** `server { listen …; server_name …; location / { proxy_pass http://NAME; } }`. */
export function readVirtualServer(
  directive: Directive,
  outer: ProxySettings,
  report: Report,
): VirtualServer | undefined {
  const listen: ListenAddress[] = [];
  const names: Word[] = [];
  const own: ProxySettings = {};
  const locations: { readonly target: Word | undefined; readonly proxy: ProxySettings }[] = [];
  let isDefault = false;
  let refuses = false;
  walk(
    directive.block ?? [],
    "server",
    {
      ...irrelevant(SERVER_TUNING, report),
      ...proxyTable(own, report),
      listen: {
        args: [1, Number.POSITIVE_INFINITY],
        read: ({ args: [address, ...flags] }) => {
          if (address === undefined) return;
          const parsed = readListen(address, report);
          if (parsed !== undefined) listen.push(parsed);
          for (const flag of flags) {
            if (flag.text === "default_server") isDefault = true;
            else report.unsupported(`the parameter ${flag.text} of listen`, flag.at);
          }
        },
      },
      server_name: {
        args: [1, Number.POSITIVE_INFINITY],
        read: ({ args }) => {
          for (const word of args) {
            // Both are written to say "no name": neither can match a request that names a host.
            if (word.text === "_" || word.text === "") continue;
            if (isHost(word.text)) names.push(word);
            else report.unsupported(`the server_name ${word.text}`, word.at, "list exact names");
          }
        },
      },
      return: {
        args: [1, 1],
        once: true,
        read: ({ args: [status], at }) => {
          refuses = true;
          if (status?.text !== "404") report.unsupported(`return ${status?.text ?? ""}`, at, "use return 404");
        },
      },
      location: {
        args: [1, 2],
        block: true,
        read: (location) => {
          const [path, second] = location.args;
          if (path?.text !== "/" || second !== undefined) {
            const written = location.args.map((word) => word.text).join(" ");
            report.unsupported(`location ${written}`, location.at, "use location /");
            return;
          }
          if (locations.length > 0) {
            report.problems.add("CONFIG_NAME_DOUBLED", { kind: "location", name: "/" }, location.at);
          }
          locations.push(readLocation(location, report));
        },
      },
    },
    report,
  );
  const [location] = locations;
  if (refuses) {
    if (location !== undefined)
      report.contradiction("return leaves the location unreached", "remove one", directive.at);
    if (names.length > 0) report.unsupported("return 404 for a named server", directive.at, "remove the server");
    return { listen, isDefault, names, target: undefined, proxy: own, at: directive.at };
  }
  if (location === undefined) {
    const how = "add location / { proxy_pass http://UPSTREAM; }";
    report.problems.add("CONFIG_KEY_MISSING", { where: "server", key: "location /", how }, directive.at);
    return undefined;
  }
  if (location.target === undefined) return undefined;
  const proxy = inherit(inherit(outer, own), location.proxy);
  return { listen, isDefault, names, target: location.target, proxy, at: directive.at };
}

function readLocation(location: Directive, report: Report): { target: Word | undefined; proxy: ProxySettings } {
  const proxy: ProxySettings = {};
  let target: Word | undefined;
  let passes = false;
  walk(
    location.block ?? [],
    "location",
    {
      ...irrelevant(SERVER_TUNING, report),
      ...proxyTable(proxy, report),
      proxy_pass: {
        args: [1, 1],
        once: true,
        read: ({ args: [url] }) => {
          passes = true;
          if (url === undefined) return;
          const [, scheme, name, rest = ""] = /^([a-z]+):\/\/([^/?#$]+)(.*)$/is.exec(url.text) ?? [];
          const how = "write proxy_pass http://UPSTREAM;";
          if (name === undefined) report.unsupported(`proxy_pass ${url.text}`, url.at, how);
          else if (scheme?.toLowerCase() !== "http") report.unsupported(`proxy_pass with ${scheme}`, url.at, how);
          else if (rest !== "") report.unsupported(`proxy_pass with a path (${rest})`, url.at, how);
          else target = { text: name, at: url.at };
        },
      },
    },
    report,
  );
  if (!passes) {
    const how = "add proxy_pass http://UPSTREAM;";
    report.problems.add("CONFIG_KEY_MISSING", { where: "location /", key: "proxy_pass", how }, location.at);
  }
  return { target, proxy };
}

/** `PORT`, `ADDRESS` (port 80) or `ADDRESS:PORT`. */
function readListen(word: Word, report: Report): ListenAddress | undefined {
  const { text } = word;
  const whole = /^\d+$/.test(text) ? `*:${text}` : /:\d+$/.test(text) ? text : `${text}:80`;
  const address = parseListen(whole);
  if (address !== undefined && address.port !== 0)
    return address.host === "0.0.0.0" ? { ...address, host: "*" } : address;
  if (text.startsWith("unix:")) report.unsupported("listening on a unix socket", word.at, "give a port");
  else report.invalid("listen", text, "which is no address", "write PORT or ADDRESS:PORT", word.at);
  return undefined;
}
