import type { Spot } from "../shared/problems.ts";
import type { Report } from "../shared/report.ts";
import type { Field } from "./fields.ts";

export interface Service {
  readonly name: string;
  /** Absent: no affinity. */
  readonly rememberMs: number | undefined;
  /** Name of its one port. */
  readonly portName: string | undefined;
  readonly at: Spot | undefined;
}

const DEFAULT_SECONDS = 10_800;
const MOST_SECONDS = 86_400;
const SPEC_IGNORED = [
  "allocateLoadBalancerNodePorts",
  "clusterIPs",
  "externalIPs",
  "externalTrafficPolicy",
  "healthCheckNodePort",
  "internalTrafficPolicy",
  "ipFamilies",
  "ipFamilyPolicy",
  "loadBalancerClass",
  "loadBalancerIP",
  "loadBalancerSourceRanges",
  "publishNotReadyAddresses",
  "selector",
  "trafficDistribution",
];
const PORT_IGNORED = ["nodePort", "appProtocol"];

/** A v1 Service. `metadata.name` may be missing: documentation shows it without. */
export function readService(manifest: Field, report: Report): Service {
  manifest.only(["apiVersion", "kind", "metadata", "spec"], ["status"]);
  const spec = manifest.get("spec");
  if (spec.value === undefined || spec.value === null) {
    const how = "add spec: with ports and sessionAffinity";
    report.problems.add("CONFIG_KEY_MISSING", { where: "the Service", key: "spec", how }, manifest.at);
  }
  spec.only(["sessionAffinity", "sessionAffinityConfig", "ports", "type", "clusterIP"], SPEC_IGNORED);
  if (spec.get("type").text() === "ExternalName") report.unsupported("type ExternalName", spec.get("type").at);
  if (spec.get("clusterIP").text() === "None") {
    const how = "remove clusterIP: None";
    report.unsupported("a headless Service, which no proxy balances,", spec.get("clusterIP").at, how);
  }
  return {
    name: manifest.get("metadata").get("name").text() ?? "service",
    rememberMs: readAffinity(spec, report),
    portName: readPort(spec, report),
    at: manifest.at,
  };
}

function readAffinity(spec: Field, report: Report): number | undefined {
  const kind = spec.get("sessionAffinity");
  const config = spec.get("sessionAffinityConfig");
  const name = kind.text() ?? "None";
  if (name !== "ClientIP" && name !== "None") {
    report.invalid(kind.label, name, "which is not one of its values", "choose ClientIP or None", kind.at);
    return undefined;
  }
  if (name === "None") {
    if (config.value !== undefined && config.value !== null) {
      const what = "sessionAffinityConfig needs sessionAffinity: ClientIP";
      report.contradiction(what, "set it, or remove the config", spec.keyAt("sessionAffinityConfig"));
    }
    return undefined;
  }
  config.only(["clientIP"]);
  const clientIp = config.get("clientIP");
  clientIp.only(["timeoutSeconds"]);
  return (clientIp.get("timeoutSeconds").whole(1, MOST_SECONDS) ?? DEFAULT_SECONDS) * 1_000;
}

/** Affinity counts per Service port, and an address list belongs to one port. @returns the port's name. */
function readPort(spec: Field, report: Report): string | undefined {
  const ports = spec.get("ports");
  const [port, second] = ports.items();
  if (port === undefined) {
    if (ports.value !== undefined && !Array.isArray(ports.value)) return undefined;
    const how = "add ports: [ { port: 80 } ]";
    report.problems.add("CONFIG_KEY_MISSING", { where: "spec", key: "ports", how }, spec.at);
    return undefined;
  }
  if (second !== undefined) report.unsupported("a Service with several ports", second.at, "keep the HTTP port only");
  port.only(["name", "port", "targetPort", "protocol"], PORT_IGNORED);
  const number = port.get("port");
  if (number.value === undefined) {
    report.problems.add("CONFIG_KEY_MISSING", { where: port.label, key: "port", how: "add port: 80" }, port.at);
  }
  number.whole(1, 65_535);
  const target = port.get("targetPort");
  if (typeof target.value !== "string") target.whole(1, 65_535);
  const protocol = port.get("protocol");
  const name = protocol.text() ?? "TCP";
  if (name !== "TCP") report.unsupported(`protocol ${name}`, protocol.at, "use TCP");
  return port.get("name").text();
}
