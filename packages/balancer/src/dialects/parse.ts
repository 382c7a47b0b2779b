import type { BalancerConfig, Dialect, ListenAddress } from "../config.ts";
import type { ParseOptions } from "./options.ts";
import { LISTEN_HOW, parseListen } from "./shared/address.ts";
import { createProblems, type Problems } from "./shared/problems.ts";
import type { Reading } from "./shared/reading.ts";
import { createResolution } from "./shared/resolution.ts";
import { readSojourn } from "./sojourn/read.ts";

/**
 * Reads a configuration: `sojourn.yaml`, an NGINX file, a HAProxy file or a Kubernetes manifest, told apart by content
 * unless `dialect` is given. It reads no other file and asks no DNS.
 * @throws the first problem in the file (`SojournError` with its place); `allProblems` finds the others.
 */
export function parseConfig(text: string, options: ParseOptions): BalancerConfig {
  const problems = createProblems(options.file);
  const resolution = createResolution(options.resolve);
  const dialect = options.dialect ?? "sojourn";
  const reading = readSojourn(text.replace(/^\uFEFF/, ""), problems, options.env ?? process.env, resolution);
  problems.throwIfAny();
  if (reading === undefined) throw new Error("a reader found nothing and reported no problem");
  const config = withFlags(reading, dialect, options, problems);
  problems.throwIfAny();
  resolution.checkAllUsed();
  return config;
}

function withFlags(reading: Reading, dialect: Dialect, options: ParseOptions, problems: Problems): BalancerConfig {
  const listen = fromFlag("--listen", options.listen, problems);
  const admin = fromFlag("--admin", options.admin, problems) ?? reading.admin;
  if (listen !== undefined && reading.listeners.length > 1) {
    problems.add("CONFIG_LISTEN_AMBIGUOUS", { count: reading.listeners.length });
  }
  const listeners = listen === undefined ? reading.listeners : [listen];
  if (listeners.length === 0) {
    const how = "add listen: 127.0.0.1:8080 to it, or give --listen HOST:PORT";
    problems.add("CONFIG_KEY_MISSING", { where: "the file", key: "listen", how }, { line: 1, column: 1 });
  }
  return {
    dialect,
    listeners,
    ...(admin === undefined ? {} : { admin }),
    ...(reading.keys === undefined ? {} : { keys: reading.keys }),
    trustedProxies: reading.trustedProxies,
    snapshot: reading.snapshot,
    notes: reading.notes,
  };
}

function fromFlag(flag: string, text: string | undefined, problems: Problems): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const address = parseListen(text);
  if (address === undefined) {
    const params = { flag, value: JSON.stringify(text), reason: "it is no address to listen on", how: LISTEN_HOW };
    problems.add("FLAG_INVALID", params);
  }
  return address;
}
