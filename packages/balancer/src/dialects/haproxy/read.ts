import { isDeepStrictEqual } from "node:util";
import type { ListenAddress } from "../../config.ts";
import type { PoolSpec } from "../../model.ts";
import type { Problems } from "../shared/problems.ts";
import type { Reading } from "../shared/reading.ts";
import { createReport, type Report } from "../shared/report.ts";
import type { Resolution } from "../shared/resolution.ts";
import { didYouMean } from "../shared/suggest.ts";
import { readBackend } from "./backend.ts";
import { readSections } from "./section.ts";
import { type ProxySection, readGlobal, readProxy, type Settings } from "./settings.ts";
import { parseHaproxyText } from "./text.ts";

const FRAGMENT_LISTENER: ListenAddress = { host: "127.0.0.1", port: 8_080 };

/** Reads a haproxy.cfg, or a fragment that holds nothing but backends. */
export function readHaproxy(text: string, problems: Problems, resolution: Resolution): Reading | undefined {
  const report = createReport(problems);
  const lines = parseHaproxyText(text, problems);
  const proxies = readProxies(lines, report);
  if (problems.count > 0) return undefined;
  const backends = proxies.filter(({ section }) => section.kind !== "frontend");
  const entries = proxies.filter(({ section, binds, servers }) => {
    return section.kind === "frontend" || (section.kind === "listen" && (binds.length > 0 || servers.length === 0));
  });
  if (entries.length === 0) return readFragment(backends, report, resolution);

  const listeners: ListenAddress[] = [];
  const used = new Map<string, PoolSpec>();
  for (const entry of entries) {
    const backend = backendOf(entry, backends, report);
    if (backend === undefined) continue;
    if (entry.binds.length === 0) {
      const how = "add bind ADDRESS:PORT";
      problems.add("CONFIG_KEY_MISSING", { where: entry.section.kind, key: "bind", how }, entry.section.head.at);
    }
    const { name } = backend.section;
    const pool = readBackend(backend, entry.settings, report, resolution);
    const earlier = used.get(name);
    if (earlier !== undefined && !isDeepStrictEqual(earlier, pool)) {
      report.unsupported(`two frontends that pass to ${name} with different options`, entry.section.head.at);
    }
    used.set(name, pool);
    listeners.push(...entry.binds);
  }
  const [pool, other] = [...used.values()];
  const lastEntry = entries.at(-1);
  if (other !== undefined && lastEntry !== undefined) {
    const how = "keep one frontend, or run one Sojourn for each";
    report.unsupported("frontends that pass to different backends", lastEntry.section.head.at, how);
  }
  for (const { section } of backends) {
    if (!used.has(section.name)) report.note(`no frontend passes to ${section.name}; it is left out`, section.head.at);
  }
  if (pool === undefined) return undefined;
  return readingOf(pool, listeners, report);
}

function readProxies(lines: ReturnType<typeof parseHaproxyText>, report: Report): readonly ProxySection[] {
  let defaults: Settings = {};
  const proxies: ProxySection[] = [];
  for (const section of readSections(lines, report)) {
    if (section.kind === "global") readGlobal(section, report);
    // Each defaults section starts afresh.
    else if (section.kind === "defaults") defaults = readProxy(section, {}, report).settings;
    else proxies.push(readProxy(section, defaults, report));
  }
  return proxies;
}

function readFragment(backends: readonly ProxySection[], report: Report, resolution: Resolution): Reading | undefined {
  const [backend, second] = backends;
  if (backend === undefined) {
    const how = "add backend NAME with its servers";
    report.problems.add("CONFIG_KEY_MISSING", { where: "the file", key: "a backend", how }, { line: 1, column: 1 });
    return undefined;
  }
  if (second !== undefined) {
    const how = "add frontend NAME with bind and default_backend";
    const what = "there are several backends and no frontend says which serves";
    report.contradiction(what, how, second.section.head.at);
    return undefined;
  }
  const pool = readBackend(backend, undefined, report, resolution);
  const message = `no frontend: Sojourn listens on ${FRAGMENT_LISTENER.host}:${FRAGMENT_LISTENER.port}`;
  const listenNote = report.makeNote(message, backend.section.head.at);
  return { ...readingOf(pool, [FRAGMENT_LISTENER], report), listenNote };
}

function backendOf(entry: ProxySection, backends: readonly ProxySection[], report: Report): ProxySection | undefined {
  const wanted = entry.settings.defaultBackend;
  if (entry.section.kind === "listen" && entry.servers.length > 0) return entry;
  if (wanted === undefined) {
    const how = "add default_backend NAME";
    const where = `${entry.section.kind} ${entry.section.name}`;
    report.problems.add("CONFIG_KEY_MISSING", { where, key: "default_backend", how }, entry.section.head.at);
    return undefined;
  }
  const found = backends.find(({ section }) => section.name === wanted.text);
  if (found === undefined) {
    const names = backends.map(({ section }) => section.name);
    const how = didYouMean(wanted.text, names, `add backend ${wanted.text}`);
    report.problems.add("CONFIG_POOL_UNKNOWN", { where: "default_backend", name: wanted.text, how }, wanted.at);
  }
  return found;
}

function readingOf(pool: PoolSpec, listeners: readonly ListenAddress[], report: Report): Reading {
  const snapshot = { format: 1 as const, pools: [pool], routes: [{ path: "/", pool: pool.name }] };
  return { listeners, trustedProxies: [], snapshot, notes: report.notes };
}
