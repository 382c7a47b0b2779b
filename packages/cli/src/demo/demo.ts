import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Balancer, createBalancer } from "@sojourn/balancer";
import { generateKey, isSojournError, type Runtime, SojournError } from "@sojourn/core";
import { controlRoutes } from "./control.ts";
import { demoConfig, POOL } from "./demo-config.ts";
import { createDesk, type Desk, type Switchboard } from "./desk.ts";
import { anyFreePort, freePortFrom, isFree } from "./ports.ts";
import { type DemoMode, SHOP_NAMES } from "./protocol.ts";
import { createShops, type Shops } from "./shops.ts";

export interface DemoOptions {
  readonly mode: DemoMode;
  /** 0: any free one. Absent: 8080, or the next free one. */
  readonly port?: number;
  /** 0: any free one. Absent: 8081, or the next free one. */
  readonly adminPort?: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly runtime: Runtime;
  /** A shop died that nobody asked to be killed. */
  died(name: string): void;
}

export interface Demo {
  readonly shop: string;
  readonly admin: string;
  /** Ends the balancer and the shops, and removes the database. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const PORT = 8080;
const CLOSE_MS = 1_000;
const ATTEMPTS = 3;

/** Three shop processes and, in this one, the balancer before them. Leaves nothing behind when it cannot start. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const chosen = options.port === undefined || options.adminPort === undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // A port that was free may be taken while the shops start, by another demo for example.
      if (!chosen || !isSojournError(error, "ADDRESS_IN_USE") || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: DemoOptions): Promise<Demo> {
  const { mode, env, runtime } = options;
  const ports = await choosePorts(options);
  const folder = mkdtempSync(join(tmpdir(), "sojourn-demo-"));
  const keys = generateKey(runtime.random);
  const removeFolder = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeFolder);

  let balancer: Balancer | undefined;
  let desk: Desk | undefined;
  const shops: Shops = createShops({
    mode,
    folder,
    control: `http://${HOST}:${ports.admin}`,
    keys,
    env,
    clock: runtime.clock,
    died: options.died,
    answer: async (from, ask, settled) =>
      desk?.answer(from, ask, settled) ?? { ok: false, status: 503, reason: "the demo is still starting" },
  });
  async function close(): Promise<void> {
    await balancer?.close({ deadlineMs: CLOSE_MS });
    await shops.close();
    removeFolder();
    process.off("exit", removeFolder);
  }

  try {
    await Promise.all(SHOP_NAMES.map(shops.start));
    desk = createDesk(
      shops,
      switchboard(() => balancer),
      runtime.clock,
    );
    const config = demoConfig(mode, ports.shop, ports.admin, shops.port);
    balancer = createBalancer({ config, keys, runtime, adminRoutes: controlRoutes(desk) });
    await balancer.listen();
    return { shop: `http://${HOST}:${ports.shop}`, admin: `http://${HOST}:${ports.admin}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws ADDRESS_IN_USE for a port that was asked for */
async function choosePorts({
  port,
  adminPort,
}: DemoOptions): Promise<{ readonly shop: number; readonly admin: number }> {
  for (const [role, wanted] of [["--port", port] as const, ["--admin-port", adminPort] as const]) {
    if (wanted !== undefined && !(await isFree(wanted))) {
      throw new SojournError("ADDRESS_IN_USE", { role, address: `${HOST}:${wanted}` });
    }
  }
  const shop = await choosePort(port, PORT, new Set([adminPort ?? PORT + 1]));
  return { shop, admin: await choosePort(adminPort, PORT + 1, new Set([shop])) };
}

async function choosePort(wanted: number | undefined, usual: number, taken: ReadonlySet<number>): Promise<number> {
  if (wanted === undefined) return freePortFrom(usual, taken);
  return wanted === 0 ? anyFreePort() : wanted;
}

function switchboard(find: () => Balancer | undefined): Switchboard {
  const control = () => {
    const balancer = find();
    if (balancer === undefined) throw new Error("the desk opened before the balancer");
    return balancer.control;
  };
  return {
    set: (name, state) => control().setState(POOL, name, state),
    async look() {
      const { pools } = await control().report();
      return (pools[0]?.servers ?? []).map(({ name, state, health, bound }) => ({
        name,
        state,
        healthy: health === "up",
        bound: bound === "unsupported" ? undefined : bound.count,
      }));
    },
  };
}
