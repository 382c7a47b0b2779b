import { createBalancer, parseConfig } from "@sojourn/balancer";
import { ready } from "../lib/peer.mjs";

const { ports, keys } = JSON.parse(process.argv[2]);
const yaml = `
listen: 127.0.0.1:0
keys: ${keys}
pools:
  shop:
    affinity: { cookie: sojourn_affinity }
    servers: { ${ports.map((port, i) => `shop-${i + 1}: "http://127.0.0.1:${port}"`).join(", ")} }
`;
const balancer = createBalancer({ config: parseConfig(yaml, { file: "bench.yaml", environment: {} }) });
const { listeners } = await balancer.listen();
ready(listeners[0].port);
