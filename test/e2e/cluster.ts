import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRuntime, generateKey } from "@sojourn/core";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A shop server in a process of its own that keeps its port over restarts. */
export class Shop {
  readonly name: string;
  readonly #env: Record<string, string>;
  #process: ChildProcess | undefined;
  port = 0;

  constructor(name: string, env: Record<string, string>) {
    this.name = name;
    this.#env = env;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const child = fork(fixture("shop.mjs"), {
      env: { ...process.env, ...this.#env, NAME: this.name, PORT: `${this.port}` },
    });
    this.#process = child;
    this.port = (await message<{ port: number }>(child)).port;
  }

  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Resolves when this many requests to /slow are held. */
  async holds(count: number): Promise<void> {
    for (let i = 0; i < count; i++) await message(this.#process as ChildProcess);
  }

  release(): void {
    this.#process?.send("release");
  }
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
  stop(): Promise<void>;
}

/** Three shops on one SQLite file behind a balancer, five processes in all. */
export async function startCluster(shopEnv: Record<string, string> = {}): Promise<Cluster> {
  const folder = await mkdtemp(join(tmpdir(), "sojourn-e2e-"));
  const keys = generateKey(createRuntime().random);
  const env = { ...shopEnv, DB: join(folder, "shop.db"), SOJOURN_KEYS: keys };
  const shops = [new Shop("shop-1", env), new Shop("shop-2", env), new Shop("shop-3", env)] as const;
  await Promise.all(shops.map((shop) => shop.start()));
  const balancer = fork(fixture("balancer.mjs"), {
    env: { ...process.env, SOJOURN_KEYS: keys, CONFIG: configuration(shops) },
  });
  const bound = await message<{ listener: Address; admin: Address }>(balancer);
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
    async stop() {
      balancer.kill("SIGKILL");
      await Promise.all(shops.map((shop) => shop.stop("SIGKILL")));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(shops: readonly Shop[]): string {
  const servers = shops.map((shop) => `      ${shop.name}: ${shop.origin}`).join("\n");
  return `
listen: 127.0.0.1:0
admin: 127.0.0.1:0
pools:
  shop:
    affinity: { cookie: sojourn_affinity, maxAge: 30m }
    balance: least-connections
    health: { path: /healthz, interval: 200ms, fall: 2, rise: 1 }
    servers:
${servers}
`;
}

async function message<T>(child: ChildProcess): Promise<T> {
  const failed = new AbortController();
  const exited = once(child, "exit", { signal: failed.signal }).then(([code]) => raise(`a process ended with ${code}`));
  try {
    const [received] = (await Promise.race([once(child, "message"), exited])) as [T];
    return received;
  } finally {
    failed.abort();
    exited.catch(() => {});
  }
}

function raise(what: string): never {
  throw new Error(what);
}
