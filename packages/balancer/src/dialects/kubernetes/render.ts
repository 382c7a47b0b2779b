import ipaddr from "ipaddr.js";
import { stringify } from "yaml";
import type { BalancerConfig } from "../../config.ts";
import type { PoolSpec, ServerSpec } from "../../model.ts";
import { formatHostPort } from "../shared/address.ts";
import { createRemarks, heading, noteCommonLosses, type Remarks, type Rendered } from "../shared/writing.ts";
import { SERVICE_LABEL } from "./endpoint-slice.ts";

const LABEL = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
const MOST_MS = 86_400_000;

/** A Service and its EndpointSlices for every pool. @throws RENDER_UNSUPPORTED */
export function renderKubernetes(config: BalancerConfig): Rendered {
  const remarks = createRemarks("a plain Kubernetes Service");
  const { pools, routes } = config.snapshot;
  if (pools.length > 1 || routes.some((route) => route.host !== undefined || route.path !== "/")) {
    remarks.note("routes by host and path are not part of a Service; an Ingress or a Gateway holds them");
  }
  const port = config.listeners.find((address) => address.port !== 0)?.port ?? 80;
  if (config.dialect === "kubernetes") remarks.note(`the Service listens where this balancer does, on port ${port}`);
  const documents = pools.flatMap((pool) => [serviceOf(pool, port, remarks), ...slicesOf(pool, remarks)]);
  const text = documents.map((document) => stringify(document, { lineWidth: 0 })).join("---\n");
  return { text: `${heading(remarks.notes)}\n${text}`, notes: remarks.notes };
}

function serviceOf(pool: PoolSpec, port: number, remarks: Remarks): unknown {
  const { name, affinity, health } = pool;
  if (!LABEL.test(name)) {
    remarks.refuse(`the name ${name}`, "name the pool with up to 63 small letters, digits and -, a letter first");
  }
  noteCommonLosses(pool, remarks);
  if (affinity.kind === "cookie" || affinity.kind === "header") {
    const how = "set affinity: ip, or render for nginx or haproxy and run that in the cluster";
    remarks.refuse(`affinity by ${affinity.kind} (pool ${name}); it sees connections only`, how);
  }
  if (health.active !== undefined) remarks.note(`${name}: health checks belong to the Pods' readiness probes`);
  if (pool.profile.forwardedHeaders === "x-forwarded") {
    remarks.note(`${name}: a Service adds no X-Forwarded headers; Pods see the client as their peer`);
  }
  if (affinity.kind === "none") {
    if (pool.balance !== "round-robin") remarks.note(`${name}: Kubernetes chooses at random`);
    return service(name, port, { sessionAffinity: "None" });
  }
  const rememberMs = affinity.rememberMs ?? pool.boundWindowMs;
  if (affinity.rememberMs === undefined) {
    remarks.note(
      `${name}: Kubernetes chooses at random and remembers for the bound window; Sojourn would compute the choice`,
    );
  }
  if (affinity.prefixV4 !== 32 || affinity.prefixV6 !== 128) {
    remarks.note(`${name}: clients are told apart by their whole address`);
  }
  if (rememberMs > MOST_MS || rememberMs < 1_000) {
    remarks.refuse(`${rememberMs / 1_000} seconds of affinity (pool ${name})`, "choose from 1s to 24h");
  }
  const timeoutSeconds = Math.ceil(rememberMs / 1_000);
  return service(name, port, { sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds } } });
}

function service(name: string, port: number, affinity: object): unknown {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { ...affinity, ports: [{ name: "http", port }] },
  };
}

/** A slice holds one address family and one port; servers keep their order inside it. */
function slicesOf(pool: PoolSpec, remarks: Remarks): readonly unknown[] {
  const groups = new Map<string, ServerSpec[]>();
  for (const server of pool.servers) {
    const address = addressOf(server, pool, remarks);
    const key = `${ipaddr.parse(address).kind() === "ipv4" ? "IPv4" : "IPv6"} ${server.port}`;
    groups.set(key, [...(groups.get(key) ?? []), server]);
    if (server.weight !== 1) remarks.note(`${pool.name}: Kubernetes knows no weights`);
    if (server.maxConnections > 0) remarks.note(`${pool.name}: Kubernetes knows no connection limits`);
    if (server.backup) remarks.refuse(`a backup server (${pool.name}/${server.name})`, "remove it");
  }
  return [...groups].map(([key, servers], index) => {
    const [addressType, port] = key.split(" ");
    return {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name: `${pool.name}-${index + 1}`, labels: { [SERVICE_LABEL]: pool.name } },
      addressType,
      ports: [{ name: "http", port: Number(port), protocol: "TCP" }],
      endpoints: servers.map((server) => endpointOf(server, addressOf(server, pool, remarks))),
    };
  });
}

function addressOf(server: ServerSpec, pool: PoolSpec, remarks: Remarks): string {
  const address = server.address ?? server.host;
  if (ipaddr.isValid(address)) return address;
  return remarks.refuse(`a server known by name (${pool.name}/${server.name})`, "give its IP address, or --resolve it");
}

function endpointOf(server: ServerSpec, address: string): unknown {
  const ready = server.state === "enabled";
  const draining = server.state === "draining";
  const conditions = draining ? { ready, serving: true, terminating: true } : { ready };
  const named = server.name !== formatHostPort(address, server.port) && LABEL.test(server.name);
  return { addresses: [address], conditions, ...(named ? { hostname: server.name } : {}) };
}
