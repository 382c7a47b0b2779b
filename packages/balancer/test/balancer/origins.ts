import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { PoolSpec, ServerSpec } from "@sojourn/balancer";
import { poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import type { BalancerConfig } from "../../src/config.ts";
import { type Called, call } from "../admin/call.ts";

/** A tiny app that tells who it is and what it was sent. */
export interface Origin {
  readonly name: string;
  readonly port: number;
  readonly seen: IncomingMessage[];
  /** As `kill -9` looks from outside: connections die, the port is refused. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startOrigin(name: string): Promise<Origin> {
  const seen: IncomingMessage[] = [];
  let server: Server;
  let port = 0;
  async function start(): Promise<void> {
    server = createServer((request, response) => {
      seen.push(request);
      response.setHeader("X-Served-By", name);
      if (request.url === "/logout") response.setHeader("Sojourn-Affinity", "end");
      response.statusCode = request.url === "/healthz" ? 204 : 200;
      response.end(request.url === "/healthz" ? undefined : name);
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  }
  await start();
  return {
    name,
    port,
    seen,
    start,
    async kill() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export function serversOf(origins: readonly Origin[]): readonly ServerSpec[] {
  return origins.map(({ name, port }) => serverSpec(name, { port }));
}

export function configOf(servers: readonly ServerSpec[], given: Partial<PoolSpec> = {}): BalancerConfig {
  return {
    dialect: "sojourn",
    listeners: [{ host: "127.0.0.1", port: 0 }],
    admin: { host: "127.0.0.1", port: 0 },
    trustedProxies: [],
    snapshot: snapshotOf(poolSpec("shop", servers, given)),
    notes: [],
  };
}

/** A client with a cookie jar. */
export function client(port: number) {
  let cookie: string | undefined;
  return {
    get cookie() {
      return cookie;
    },
    async get(path = "/", headers: Record<string, string> = {}): Promise<Called> {
      const answer = await call(port, "GET", path, { ...(cookie === undefined ? {} : { Cookie: cookie }), ...headers });
      for (const line of answer.headers["set-cookie"] ?? []) {
        const [pair = ""] = line.split(";");
        cookie = /Max-Age=0/i.test(line) ? undefined : pair;
      }
      return answer;
    },
  };
}
