import type { AdminState, ServerSpec } from "../../model.ts";
import { formatHostPort, isIpLiteral } from "../shared/address.ts";
import { plainServer } from "../shared/defaults.ts";
import type { Report } from "../shared/report.ts";
import type { Field } from "./fields.ts";

export const SERVICE_LABEL = "kubernetes.io/service-name";

export interface EndpointSlice {
  /** The Service it belongs to, if it says so. */
  readonly service: string | undefined;
  readonly servers: readonly ServerSpec[];
}

const ENDPOINT_IGNORED = ["nodeName", "zone", "hints", "deprecatedTopology"];

/** A discovery.k8s.io/v1 EndpointSlice: the addresses that a Service's selector found. */
export function readEndpointSlice(manifest: Field, portName: string | undefined, report: Report): EndpointSlice {
  manifest.only(["apiVersion", "kind", "metadata", "addressType", "endpoints", "ports"]);
  const type = manifest.get("addressType");
  const family = type.text();
  if (family !== "IPv4" && family !== "IPv6") {
    report.unsupported(`addressType ${family ?? "(none)"}`, type.at, "use IPv4 or IPv6");
  }
  const ports = manifest.get("ports").items();
  const named = ports.filter((port) => (port.get("name").text() ?? "") === (portName ?? ""));
  const port = ports.length === 1 ? ports[0] : named[0];
  port?.only(["name", "port", "protocol"], ["appProtocol"]);
  const number = port?.get("port").whole(1, 65_535);
  if (number === undefined) {
    const how = "add ports: [ { port: 8080 } ]";
    report.problems.add(
      "CONFIG_KEY_MISSING",
      { where: "the EndpointSlice", key: "a port of the Service", how },
      manifest.at,
    );
  }
  const servers = manifest
    .get("endpoints")
    .items()
    .flatMap((endpoint) => {
      const spec = readEndpoint(endpoint, number ?? 1, report);
      return spec === undefined ? [] : [spec];
    });
  return { service: manifest.get("metadata").get("labels").get(SERVICE_LABEL).text(), servers };
}

function readEndpoint(endpoint: Field, port: number, report: Report): ServerSpec | undefined {
  endpoint.only(["addresses", "conditions", "hostname", "targetRef"], ENDPOINT_IGNORED);
  // The addresses of one endpoint are the same Pod; the API asks clients to take the first.
  const [address] = endpoint.get("addresses").items();
  const text = address?.text();
  if (address === undefined || text === undefined || !isIpLiteral(text)) {
    const how = "give the Pod's IP address";
    report.invalid(`${endpoint.label}.addresses`, text ?? "", "which is no IP address", how, (address ?? endpoint).at);
    return undefined;
  }
  const target = endpoint.get("targetRef");
  const written = formatHostPort(text, port);
  const name = endpoint.get("hostname").text() ?? target.get("name").text() ?? written;
  return {
    ...plainServer(name, text, port),
    identity: target.get("uid").text() ?? written,
    address: text,
    state: stateOf(endpoint.get("conditions")),
  };
}

/** A missing `ready` counts as ready, a Pod that ends but still serves drains. */
function stateOf(conditions: Field): AdminState {
  conditions.only(["ready", "serving", "terminating"]);
  if (conditions.get("ready").flag() ?? true) return "enabled";
  const serves = conditions.get("serving").flag() ?? false;
  return serves && (conditions.get("terminating").flag() ?? false) ? "draining" : "disabled";
}
