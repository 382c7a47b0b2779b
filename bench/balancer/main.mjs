// What a proxied request costs: our balancer and its peers in front of the same two servers, all with cookie affinity,
// every measured request presenting its cookie.
import { createSystemRandom, generateKey } from "@sojourn/core";
import { findServer } from "../../scripts/servers/find.mjs";
import { launchHaproxy, launchNginx } from "../../scripts/servers/launch.mjs";
import { measured, startNode } from "../lib/processes.mjs";
import { measure, report } from "../lib/rounds.mjs";
import { haproxyConf } from "./haproxy.mjs";
import { nginxConf } from "./nginx.mjs";

export const about = "CPU time and throughput of a proxied request, beside node:http, http-proxy, nginx and HAProxy";

const OURS = "sojourn";

export async function run({ rounds, requests = 10_000, say }) {
  const origin = await startNode(new URL("origin.mjs", import.meta.url));
  const ports = origin.port;
  const node = (file) => () =>
    startNode(new URL(file, import.meta.url), { ports, keys: generateKey(createSystemRandom()) });
  const peers = {
    [OURS]: node("ours.mjs"),
    "node:http": node("node-agent.mjs"),
    "http-proxy": node("http-proxy.mjs"),
    nginx: async () => measured(await launchNginx((port) => nginxConf(port, ports))),
    haproxy: async () => measured(await launchHaproxy((port) => haproxyConf(port, ports))),
  };
  const started = [];
  try {
    for (const [name, start] of Object.entries(peers)) {
      if ((name === "nginx" || name === "haproxy") && findServer(name) === undefined) {
        say(`${name} is not installed and is left out (npm run setup:servers)`);
      } else {
        started.push({ name, ...(await start()) });
      }
    }
    const get = { method: "GET", path: "/cart" };
    const cases = started.map(({ name, port, cpuMs }) => ({
      name,
      port,
      cpuMs,
      first: get,
      request: get,
      sticky: true,
    }));
    const measuredOf = await measure({ cases, rounds, requests, say });
    const pairs = [...measuredOf.keys()].filter((name) => name !== OURS).map((peer) => [OURS, peer]);
    return report("balancer", rounds, measuredOf, pairs);
  } finally {
    await Promise.all([...started, origin].map((each) => each.stop()));
  }
}
