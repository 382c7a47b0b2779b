import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Clock, SojournError } from "@sojourn/core";
import { deferred } from "./deferred.ts";
import { type Ask, type DemoMode, type FromShop, type Reply, SHOP_NAMES, type ToShop } from "./protocol.ts";

/** Whether a shop's process lives. What the balancer thinks of it is another matter. */
export type ShopState = "starting" | "up" | "stopping" | "down";

/** The three shop processes and their lives. */
export interface Shops {
  state(name: string): ShopState;
  port(name: string): number;
  pid(name: string): number | undefined;
  /** Starts what is down; resolves when it answers. @throws DEMO_SHOP_FAILED */
  start(name: string): Promise<void>;
  /** Lets it finish its requests, then ends it. */
  stop(name: string): Promise<void>;
  /** `kill -9`: nothing is finished, nothing is written. Resolves when the process is gone. */
  kill(name: string): Promise<void>;
  /** Ends all of them. */
  close(): Promise<void>;
}

export interface ShopsOptions {
  readonly mode: DemoMode;
  readonly folder: string;
  readonly control: string;
  readonly keys: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Answers what a shop asks. The promise of `settled` resolves when the shop has answered its own client. */
  answer(from: string, ask: Ask, settled: Promise<void>): Promise<Reply>;
  /** A shop that was up has died without being asked to. */
  died(name: string): void;
}

interface Shop {
  readonly name: string;
  port: number;
  state: ShopState;
  child: ChildProcess | undefined;
  exited: Promise<void>;
}

const SHOP_FILE = fileURLToPath(new URL("./shop-process.js", import.meta.url));
const STOP_MS = 2_000;

export function createShops(options: ShopsOptions): Shops {
  const shops = new Map(SHOP_NAMES.map((name): [string, Shop] => [name, newShop(name)]));

  async function start(name: string): Promise<void> {
    const shop = find(shops, name);
    if (shop.state !== "down") return;
    shop.state = "starting";
    const child = fork(SHOP_FILE, {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [],
      env: environment(shop),
    });
    shop.child = child;
    const outcome = deferred();
    const exited = deferred();
    shop.exited = exited.promise;
    const lost = (reason: string) => {
      const was = shop.state;
      if (shop.child !== child) return;
      shop.child = undefined;
      shop.state = "down";
      exited.resolve();
      outcome.reject(new SojournError("DEMO_SHOP_FAILED", { server: name, reason }));
      if (was === "up") options.died(name);
    };
    child.once("error", (error) => lost(error.message));
    child.once("exit", (code, signal) =>
      lost(signal === null ? `it left with code ${code}` : `it was ended by ${signal}`),
    );
    child.on("message", (message: FromShop) => {
      if (message.kind === "failed") lost(message.reason);
      if (message.kind !== "ready") return;
      shop.port = message.port;
      shop.state = "up";
      outcome.resolve();
    });
    listen(shop, child);
    await outcome.promise;
  }

  function environment({ name, port }: Shop) {
    const { mode, folder, control } = options;
    const setup = JSON.stringify({ name, port, mode, folder, control });
    return { ...options.env, NODE_ENV: "development", SOJOURN_KEYS: options.keys, SOJOURN_SHOP: setup };
  }

  function listen(shop: Shop, child: ChildProcess): void {
    const settling = new Map<number, () => void>();
    child.once("exit", () => {
      for (const settle of settling.values()) settle();
    });
    child.on("message", (message: FromShop) => {
      if (message.kind === "answered") settling.get(message.id)?.();
      if (message.kind !== "ask") return;
      const { promise, resolve } = deferred();
      settling.set(message.id, resolve);
      void promise.then(() => settling.delete(message.id));
      void options.answer(shop.name, message.ask, promise).then((reply) => {
        tell(child, { kind: "reply", id: message.id, reply });
        if (message.ask.verb === "look") resolve();
      });
    });
  }

  async function stop(name: string): Promise<void> {
    const shop = find(shops, name);
    const { child } = shop;
    if (child === undefined) return;
    shop.state = "stopping";
    tell(child, { kind: "stop" });
    const cancel = options.clock.after(STOP_MS, () => child.kill("SIGKILL"));
    await shop.exited;
    cancel();
  }

  async function kill(name: string): Promise<void> {
    const shop = find(shops, name);
    if (shop.child === undefined) return;
    shop.state = "stopping";
    shop.child.kill("SIGKILL");
    await shop.exited;
  }

  return {
    state: (name) => find(shops, name).state,
    port: (name) => find(shops, name).port,
    pid: (name) => find(shops, name).child?.pid,
    start,
    stop,
    kill,
    close: async () => void (await Promise.all([...shops.keys()].map(stop))),
  };
}

function newShop(name: string): Shop {
  return { name, port: 0, state: "down", child: undefined, exited: Promise.resolve() };
}

function find(shops: ReadonlyMap<string, Shop>, name: string): Shop {
  const shop = shops.get(name);
  if (shop === undefined) {
    throw new SojournError("DEMO_UNKNOWN_SERVER", { server: name, known: [...shops.keys()].join(", ") });
  }
  return shop;
}

/** A child that is dying cannot be told anything. */
function tell(child: ChildProcess, message: ToShop): void {
  if (child.connected) child.send(message, () => {});
}
