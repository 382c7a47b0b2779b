import type { BalancerConfig } from "../config.ts";
import type { BalanceMethod } from "../model.ts";
import { finish } from "./parse.ts";
import { createProblems, type Problems } from "./shared/problems.ts";
import { createResolution } from "./shared/resolution.ts";
import { didYouMean } from "./shared/suggest.ts";
import type { Path, YamlSource } from "./shared/yaml-source.ts";
import { readFile } from "./sojourn/read.ts";
import type { SojournFile } from "./sojourn/schema.ts";

/** `sojourn serve` without a file. */
export interface FlagOptions {
  /** `NAME=URL`, at least one. */
  readonly servers: readonly string[];
  /** `cookie[:NAME]`, `ip`, `header:NAME` or `none`. @default "cookie" */
  readonly affinity?: string;
  /** @default rendezvous for ip and header, least-connections for cookie and none */
  readonly balance?: string;
  /** `HOST:PORT`. @default "127.0.0.1:8080" */
  readonly listen?: string;
  /** `HOST:PORT` of the admin API. @default none */
  readonly admin?: string;
  readonly resolve?: readonly string[];
}

const POOL = "default";
const METHODS: readonly BalanceMethod[] = ["rendezvous", "round-robin", "least-connections", "haproxy-source"];

/**
 * One pool called `default` that serves every request, with the defaults of sojourn.yaml.
 * @throws FLAG_INVALID and what a file with the same content would raise
 */
export function configFromFlags(options: FlagOptions): BalancerConfig {
  const problems = createProblems("the command line", inFlagWords);
  const resolution = createResolution(options.resolve);
  const servers = readServers(options.servers, problems);
  const affinity = readAffinity(options.affinity ?? "cookie", problems);
  const balance = readBalance(options.balance, problems);
  problems.throwIfAny();
  const pool = { servers: Object.fromEntries(servers), affinity, ...(balance === undefined ? {} : { balance }) };
  const file: SojournFile = { listen: options.listen ?? "127.0.0.1:8080", pools: { [POOL]: pool } };
  const source = sourceOf(file, servers);
  const reading = readFile({ source, problems }, file, resolution);
  return finish(reading, "sojourn", options, problems, resolution);
}

function readServers(texts: readonly string[], problems: Problems): ReadonlyMap<string, string> {
  const servers = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equals));
    if (equals <= 0)
      invalid("--server", text, "it has no name", "write NAME=URL, for example shop-1=http://127.0.0.1:3001", problems);
    else if (servers.has(name)) problems.add("CONFIG_NAME_DOUBLED", { kind: "server", name });
    else servers.set(name, text.slice(equals + 1));
  }
  if (texts.length === 0) {
    problems.add("CONFIG_NO_SERVERS", { pool: POOL, how: "give --server NAME=URL at least once" });
  }
  return servers;
}

const AFFINITY_HOW = "choose cookie, cookie:NAME, ip, header:NAME or none";

function readAffinity(text: string, problems: Problems): NonNullable<SojournFile["pools"][string]["affinity"]> {
  const colon = text.indexOf(":");
  const kind = colon === -1 ? text : text.slice(0, colon);
  const name = colon === -1 ? undefined : text.slice(colon + 1);
  if (kind === "cookie" && name !== "") return name === undefined ? "cookie" : { cookie: name };
  if ((kind === "ip" || kind === "none") && name === undefined) return kind;
  if ((kind === "header" || kind === "app-cookie") && name) return { [kind]: name };
  const how = didYouMean(kind, ["cookie", "ip", "header", "none"], AFFINITY_HOW);
  invalid(
    "--affinity",
    text,
    "it is no affinity",
    name === undefined && kind !== "header" ? how : AFFINITY_HOW,
    problems,
  );
  return "none";
}

function readBalance(text: string | undefined, problems: Problems): BalanceMethod | undefined {
  const method = METHODS.find((known) => known === text);
  if (text !== undefined && method === undefined) {
    invalid("--balance", text, "it is no method", didYouMean(text, METHODS, `choose ${METHODS.join(", ")}`), problems);
  }
  return method;
}

function invalid(flag: string, value: string, reason: string, how: string, problems: Problems): void {
  problems.add("FLAG_INVALID", { flag, value: JSON.stringify(value), reason, how });
}

/** The reader of sojourn.yaml names places in a file; here they are flags. */
function inFlagWords(text: string): string {
  return text
    .replace(`pools.${POOL}.servers.`, "--server ")
    .replace(`pools.${POOL}.affinity`, "--affinity")
    .replace(`pools.${POOL}.balance`, "--balance")
    .replace(/^listen$/, "--listen");
}

function sourceOf(value: SojournFile, servers: ReadonlyMap<string, string>): YamlSource {
  return {
    value,
    spot: () => undefined,
    keys: (path) => (path.at(-1) === "servers" ? [...servers.keys()] : path.length === 1 ? [POOL] : []),
    shown: (path: Path) => JSON.stringify(path.reduce<unknown>(step, value)),
  };
}

function step(at: unknown, key: PropertyKey): unknown {
  return typeof at === "object" && at !== null ? (at as Readonly<Record<PropertyKey, unknown>>)[key] : undefined;
}
