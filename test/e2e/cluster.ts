import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRuntime, generateKey } from "@sojourn/core";
import { onTestFinished } from "vitest";
import { type ForkedProcess, forkNode } from "../fixtures/node-process.ts";
import { tempDir } from "../fixtures/temp-dir.ts";
import { Wire } from "./wire.ts";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A shop server in a process of its own that keeps its port over restarts. */
export class Shop {
  readonly name: string;
  readonly #env: Record<string, string>;
  #process: ForkedProcess<{ port: number }> | undefined;
  /** What the balancer connects to, once `tap` has put one in front. */
  wire: Wire | undefined;
  port = 0;

  constructor(name: string, env: Record<string, string>) {
    this.name = name;
    this.#env = env;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const env = { ...this.#env, NAME: this.name, PORT: `${this.port}` };
    this.#process = await forkNode<{ port: number }>(fixture("shop.mjs"), { env });
    this.port = this.#process.ready.port;
  }

  /** Puts a recording wire in front of the server, until it first stops. */
  async tap(): Promise<void> {
    const wire = await Wire.to(this.port);
    this.wire = wire;
    onTestFinished(() => wire.cut());
  }

  /** Resolves when the process is gone. */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    this.wire?.refuse();
    this.#process?.child.kill(signal);
    await this.#process?.exited;
  }

  /** Resolves when this many requests to /slow are held. */
  async holds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await this.#process?.next();
  }

  /** Moves the clock of its sessions. */
  async ahead(ms: number): Promise<void> {
    this.#process?.send({ aheadMs: ms });
    await this.#process?.next();
  }

  release(): void {
    this.#process?.send("release");
  }
}

/** What these tests read of `GET /v1/pools/{pool}`. */
export interface ServerReport {
  readonly name: string;
  readonly health: string;
  readonly inFlight: number;
}

export interface Cluster {
  readonly shops: readonly [Shop, Shop, Shop];
  /** The balancer's origin. */
  readonly origin: string;
  /** The admin API's origin. */
  readonly admin: string;
  shop(name: string | undefined): Shop;
  /** `POST …/servers/{name}/{action}` on the admin API. */
  set(name: string, action: "drain" | "enable" | "disable"): Promise<void>;
  /** Resolves when the admin API says this of a server. */
  until(name: string, holds: (server: ServerReport) => boolean): Promise<void>;
}

export interface ClusterOptions {
  /** Environment of the shops. */
  readonly env?: Record<string, string>;
  /** Whether the shops' `wire` records what the balancer sends them. */
  readonly tapped?: boolean;
}

/** Three shops on one SQLite file behind a balancer, four processes in all, until the test ends. */
export async function startCluster({ env: shopEnv = {}, tapped = false }: ClusterOptions = {}): Promise<Cluster> {
  const keys = generateKey(createRuntime().random);
  const env = { ...shopEnv, DB: join(tempDir(), "shop.db"), SOJOURN_KEYS: keys };
  const shops = [new Shop("shop-1", env), new Shop("shop-2", env), new Shop("shop-3", env)] as const;
  await Promise.all(shops.map((shop) => shop.start()));
  if (tapped) await Promise.all(shops.map((shop) => shop.tap()));
  const balancer = await forkNode<{ listener: Address; admin: Address }>(fixture("balancer.mjs"), {
    env: { SOJOURN_KEYS: keys, CONFIG: configuration(shops) },
  });
  const bound = balancer.ready;
  const admin = `http://127.0.0.1:${bound.admin.port}`;
  return {
    shops,
    origin: `http://127.0.0.1:${bound.listener.port}`,
    admin,
    shop: (name) => shops.find((shop) => shop.name === name) ?? raise(`no shop is called ${name}`),
    async set(name, action) {
      const url = `${admin}/v1/pools/shop/servers/${name}/${action}`;
      const answer = await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
      if (!answer.ok) raise(`${action} ${name}: ${answer.status} ${await answer.text()}`);
    },
    async until(name, holds) {
      for (;;) {
        const answer = await fetch(`${admin}/v1/pools/shop`);
        const pool = (await answer.json()) as { servers: ServerReport[] };
        const server = pool.servers.find((one) => one.name === name);
        if (server !== undefined && holds(server)) return;
      }
    },
  };
}

function configuration(shops: readonly Shop[]): string {
  const servers = shops
    .map((shop) => `      ${shop.name}: http://127.0.0.1:${shop.wire?.port ?? shop.port}`)
    .join("\n");
  return `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
pools:
  shop:
    affinity: { cookie: sojourn_affinity, maxAge: 30m }
    balance: least-connections
    health: { path: /healthz, interval: 2s, fall: 3, rise: 2 }
    servers:
${servers}
`;
}

function raise(what: string): never {
  throw new Error(what);
}
