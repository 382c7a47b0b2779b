import { SojournError } from "@sojourn/core";
import type { AffinitySpec, PoolSpec, ServerSpec } from "../../model.ts";
import { formatHostPort, parseEndpoint } from "../shared/address.ts";
import { BOUND_WINDOW_MS, plainServer, SOJOURN_PROFILE } from "../shared/defaults.ts";
import type { Problems } from "../shared/problems.ts";
import type { Reading } from "../shared/reading.ts";
import { createReport, type Report } from "../shared/report.ts";
import { readYaml } from "../shared/yaml-source.ts";
import { readEndpointSlice } from "./endpoint-slice.ts";
import { type Field, fieldOf } from "./fields.ts";
import { readService, type Service } from "./service.ts";

const LISTENER = { host: "127.0.0.1", port: 8_080 };
const NO_CHECKS = "Kubernetes takes Pods out by their readiness; here a failed connection does, for 10s";

/** Reads a manifest that holds one Service and, unless `endpoints` are given, its EndpointSlices. */
export function readKubernetes(
  text: string,
  problems: Problems,
  endpoints: readonly string[] | undefined,
): Reading | undefined {
  const report = createReport(problems);
  const given = endpoints === undefined || endpoints.length === 0 ? undefined : readEndpoints(endpoints);
  const manifests = readYaml(text, problems)
    .filter((source) => source.value !== null)
    .map((source) => fieldOf(source, report));
  if (problems.count > 0) return undefined;
  const slices: Field[] = [];
  let service: Service | undefined;
  for (const manifest of manifests) {
    const kind = manifest.get("kind").text() ?? "nothing";
    const version = manifest.get("apiVersion").text() ?? "";
    if (kind === "Service" && version === "v1") {
      if (service !== undefined) report.unsupported("a second Service", manifest.at, "keep one Service in the file");
      service = readService(manifest, report);
    } else if (kind === "EndpointSlice" && version === "discovery.k8s.io/v1") slices.push(manifest);
    else if (kind === "List") report.unsupported("kind List", manifest.at, "separate its items by ---");
    else report.note(`${kind} (${version}) says nothing about balancing; it is left out`, manifest.at);
  }
  if (service === undefined) {
    const how = "add the Service (apiVersion: v1, kind: Service)";
    problems.add("CONFIG_KEY_MISSING", { where: "the file", key: "a Service", how }, { line: 1, column: 1 });
    return undefined;
  }
  const pool = poolOf(service, given ?? readSlices(slices, service, report), report);
  if (given !== undefined && slices.length > 0) report.note("--endpoints replaces the EndpointSlices of the file");
  return {
    listeners: [LISTENER],
    listenNote: report.makeNote(
      `a Service names no address to bind: Sojourn listens on ${LISTENER.host}:${LISTENER.port}`,
    ),
    trustedProxies: [],
    snapshot: { format: 1, pools: [pool], routes: [{ path: "/", pool: pool.name }] },
    notes: report.notes,
  };
}

/** @throws FLAG_INVALID */
function readEndpoints(texts: readonly string[]): readonly ServerSpec[] {
  const seen = new Set<string>();
  return texts
    .flatMap((text) => text.split(","))
    .map((text) => {
      const refuse = (reason: string) =>
        new SojournError("FLAG_INVALID", {
          flag: "--endpoints",
          value: JSON.stringify(text),
          reason,
          how: "write ADDR:PORT,ADDR:PORT with IP addresses, for example 10.1.0.4:8080",
        });
      const endpoint = parseEndpoint(text.trim());
      if (endpoint === undefined) throw refuse("it is no IP address with a port");
      const name = formatHostPort(endpoint.host, endpoint.port);
      if (seen.has(name)) throw refuse("it is given twice");
      seen.add(name);
      return { ...plainServer(name, endpoint.host, endpoint.port), address: endpoint.host };
    });
}

function readSlices(slices: readonly Field[], service: Service, report: Report): readonly ServerSpec[] {
  const servers: ServerSpec[] = [];
  for (const manifest of slices) {
    const slice = readEndpointSlice(manifest, service.portName, report);
    if (slice.service !== undefined && slice.service !== service.name) {
      report.note(`this EndpointSlice belongs to the Service ${slice.service}; it is left out`, manifest.at);
    } else servers.push(...slice.servers);
  }
  const seen = new Set<string>();
  for (const { name } of servers) {
    if (seen.has(name)) report.problems.add("CONFIG_NAME_DOUBLED", { kind: "endpoint", name }, service.at);
    seen.add(name);
  }
  if (servers.length === 0) report.problems.add("CONFIG_NO_ENDPOINTS", { service: service.name }, service.at);
  return servers;
}

function poolOf(service: Service, servers: readonly ServerSpec[], report: Report): PoolSpec {
  const { rememberMs } = service;
  report.note("a Service port forwards TCP; Sojourn runs it as HTTP", service.at);
  report.note(NO_CHECKS, service.at);
  if (rememberMs === undefined) {
    report.note("no sessionAffinity: Kubernetes would choose at random, Sojourn goes round robin", service.at);
  }
  const affinity: AffinitySpec =
    rememberMs === undefined ? { kind: "none" } : { kind: "ip", prefixV4: 32, prefixV6: 128, rememberMs };
  return {
    name: service.name,
    servers,
    affinity,
    balance: rememberMs === undefined ? "round-robin" : "rendezvous",
    health: { passive: { maxFails: 1, failTimeoutMs: 10_000 } },
    onDown: "move",
    boundWindowMs: rememberMs ?? BOUND_WINDOW_MS,
    profile: { ...SOJOURN_PROFILE, engine: "kubernetes", forwardedHeaders: "none" },
  };
}
