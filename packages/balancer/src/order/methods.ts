import type { BalanceMethod } from "../model.ts";
import { haproxySource } from "./haproxy-source.ts";
import { leastConnections } from "./least-connections.ts";
import type { OrderFactory } from "./order.ts";
import { rendezvous } from "./rendezvous.ts";
import { roundRobin } from "./round-robin.ts";

/** Every balancing method; a pool looks its own up once. */
export const ORDERS: Readonly<Record<BalanceMethod, OrderFactory>> = {
  rendezvous,
  "round-robin": roundRobin,
  "least-connections": leastConnections,
  "haproxy-source": haproxySource,
};
