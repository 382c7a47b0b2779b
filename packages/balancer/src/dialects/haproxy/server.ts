import { isHost, parseHostPort } from "../shared/address.ts";
import type { Report } from "../shared/report.ts";
import { suggest } from "../shared/suggest.ts";
import type { Word } from "./text.ts";
import { parseHaproxyTime } from "./time.ts";

/** The parameters of `server` and `default-server`. Absent: HAProxy's default. */
export interface ServerOptions {
  check?: boolean;
  interMs?: number;
  fall?: number;
  rise?: number;
  weight?: number;
  maxconn?: number;
  backup?: boolean;
  disabled?: boolean;
}

const NUMBERS = {
  fall: { key: "fall", least: 1, most: 2_147_483_647 },
  rise: { key: "rise", least: 1, most: 2_147_483_647 },
  weight: { key: "weight", least: 0, most: 256 },
  maxconn: { key: "maxconn", least: 0, most: 2_147_483_647 },
} as const;

const FLAGS: Readonly<Record<string, ServerOptions>> = {
  check: { check: true },
  "no-check": { check: false },
  backup: { backup: true },
  "no-backup": { backup: false },
  disabled: { disabled: true },
  enabled: { disabled: false },
};

export function readServerOptions(words: readonly Word[], report: Report): ServerOptions {
  const options: ServerOptions = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    if (Object.hasOwn(FLAGS, word.text)) {
      Object.assign(options, FLAGS[word.text]);
      continue;
    }
    const number = Object.hasOwn(NUMBERS, word.text) ? NUMBERS[word.text as keyof typeof NUMBERS] : undefined;
    if (number === undefined && word.text !== "inter") {
      const close = suggest(word.text, [...Object.keys(FLAGS), ...Object.keys(NUMBERS), "inter"]);
      const how = close === undefined ? undefined : `did you mean ${close}?`;
      report.unsupported(`the parameter ${word.text} of server`, word.at, how);
      // What follows may be its value; to guess would report nonsense.
      break;
    }
    const value = words[++at];
    if (value === undefined) {
      report.problems.add("CONFIG_KEY_MISSING", { where: word.text, key: "its value", how: "write it after" }, word.at);
    } else if (number === undefined) {
      const ms = parseHaproxyTime(value.text);
      if (ms === undefined || ms === 0) {
        report.invalid("inter", value.text, "which is no HAProxy time above 0", "write a time such as 2s", value.at);
      } else options.interMs = ms;
    } else if (/^\d{1,10}$/.test(value.text) && inside(Number(value.text), number)) {
      options[number.key] = Number(value.text);
    } else {
      const how = `give a whole number from ${number.least} to ${number.most}`;
      report.invalid(word.text, value.text, "which is out of range", how, value.at);
    }
  }
  return options;
}

function inside(value: number, range: { readonly least: number; readonly most: number }): boolean {
  return value >= range.least && value <= range.most;
}

/** `IP:PORT` or `NAME:PORT`. @returns undefined when it is none (a problem is reported). */
export function readServerAddress(word: Word, report: Report): { host: string; port: number } | undefined {
  const parsed = parseHostPort(word.text);
  if (parsed !== undefined && isHost(parsed.host) && parsed.port !== undefined && parsed.port !== 0) {
    return { host: parsed.host, port: parsed.port };
  }
  if (parsed !== undefined && isHost(parsed.host)) {
    report.unsupported("a server without a port of its own", word.at, "write ADDRESS:PORT");
  } else if (/^[a-z0-9]+@|^\/|^\*?:/.test(word.text)) {
    report.unsupported(`the server address ${word.text}`, word.at, "write IP:PORT or NAME:PORT");
  } else report.invalid("server", word.text, "which is no address", "write IP:PORT or NAME:PORT", word.at);
  return undefined;
}
