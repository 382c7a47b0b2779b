import { SojournError } from "@sojourn/core";
import type { BalancerConfig, Dialect, ListenAddress } from "../config.ts";
import { detectDialect } from "./detect.ts";
import { domainHints } from "./domain-hint.ts";
import { readHaproxy } from "./haproxy/read.ts";
import { readKubernetes } from "./kubernetes/read.ts";
import { readNginx } from "./nginx/read.ts";
import type { ParseOptions } from "./options.ts";
import { LISTEN_HOW, parseListen } from "./shared/address.ts";
import { createProblems, type Problems } from "./shared/problems.ts";
import type { Reading } from "./shared/reading.ts";
import { createResolution, type Resolution } from "./shared/resolution.ts";
import { readSojourn } from "./sojourn/read.ts";

/**
 * Reads a configuration: `sojourn.yaml`, an NGINX file, a HAProxy file or a Kubernetes manifest, told apart by content
 * unless `dialect` is given. It reads no other file and asks no DNS.
 * @throws the first problem in the file (`SojournError` with its place); `allProblems` finds the others.
 */
export function parseConfig(text: string, options: ParseOptions): BalancerConfig {
  const problems = createProblems(options.file);
  const resolution = createResolution(options.resolve);
  const source = text.replace(/^\uFEFF/, "");
  const dialect = options.dialect ?? detectDialect(source);
  if (dialect === undefined) throw unknownDialect(source, problems);
  const reading = READERS[dialect](source, problems, resolution, options);
  problems.throwIfAny();
  if (reading === undefined) throw new Error("a reader found nothing and reported no problem");
  if (dialect !== "kubernetes" && options.endpoints !== undefined && options.endpoints.length > 0) {
    const how = "leave it out; servers stand in the file";
    const reason = "only a Kubernetes Service takes it";
    problems.add("FLAG_INVALID", { flag: "--endpoints", value: options.endpoints.join(","), reason, how });
  }
  return finish(reading, dialect, options, problems, resolution);
}

/** What is left when a dialect was read: flags, and the checks that need them. */
export function finish(
  reading: Reading,
  dialect: Dialect,
  flags: Pick<ParseOptions, "listen" | "admin">,
  problems: Problems,
  resolution: Resolution,
): BalancerConfig {
  problems.throwIfAny();
  const config = withFlags(reading, dialect, flags, problems);
  problems.throwIfAny();
  resolution.checkAllUsed();
  return { ...config, notes: [...config.notes, ...domainHints(config, config.listeners)] };
}

type Reader = (text: string, problems: Problems, resolution: Resolution, options: ParseOptions) => Reading | undefined;

const READERS: Readonly<Record<Dialect, Reader>> = {
  sojourn: (text, problems, resolution, { env }) => readSojourn(text, problems, env ?? process.env, resolution),
  nginx: (text, problems, resolution, { runningAsRoot }) =>
    readNginx(text, problems, resolution, runningAsRoot ?? process.getuid?.() === 0),
  haproxy: readHaproxy,
  kubernetes: (text, problems, _, { endpoints }) => readKubernetes(text, problems, endpoints),
};

function unknownDialect(text: string, problems: Problems): SojournError {
  const place = { file: problems.file, line: 1, column: 1 };
  if (text.replace(/#.*/g, "").trim() !== "") return new SojournError("CONFIG_DIALECT_UNKNOWN", {}, { place });
  const how = "begin with listen: and pools:";
  return new SojournError("CONFIG_KEY_MISSING", { where: "the file", key: "content", how }, { place });
}

function withFlags(
  reading: Reading,
  dialect: Dialect,
  options: Pick<ParseOptions, "listen" | "admin">,
  problems: Problems,
): BalancerConfig {
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
    notes: listen === undefined && reading.listenNote ? [...reading.notes, reading.listenNote] : reading.notes,
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
