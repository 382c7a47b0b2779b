import type { Clock } from "@sojourn/core";
import { SojournError } from "@sojourn/core";
import { type Ask, type Reply, type ServerView, SHOP_NAMES, type Verb } from "./protocol.ts";
import type { Shops } from "./shops.ts";

/** What the desk needs of the balancer in front of the shops. */
export interface Switchboard {
  set(name: string, state: "enabled" | "draining" | "disabled"): Promise<void>;
  look(): Promise<readonly Lamp[]>;
}

export interface Lamp {
  readonly name: string;
  readonly state: "enabled" | "draining" | "disabled";
  readonly healthy: boolean;
  readonly bound: number | undefined;
}

/** Where people and shops ask for things to be done to servers. One thing at a time for each server. */
export interface Desk {
  /** Resolves when it is done. @throws DEMO_UNKNOWN_SERVER DEMO_BUSY DEMO_SHOP_FAILED */
  act(verb: Verb, name: string): Promise<void>;
  look(): Promise<readonly ServerView[]>;
  /** Answers a shop. What a shop asks to be done to itself begins once it has answered its own client. */
  answer(from: string, ask: Ask, settled: Promise<void>): Promise<Reply>;
}

/** How long a shop may take to answer its client before it is killed or restarted. */
const SETTLE_MS = 1_000;
/** How long a restarted shop may take to pass the balancer's check. */
const HEALTHY_MS = 4_000;
const GLANCE_MS = 50;

export function createDesk(shops: Shops, board: Switchboard, clock: Clock): Desk {
  const busy = new Map<string, Verb>();
  const condemned = new Set<string>();

  async function act(verb: Verb, name: string): Promise<void> {
    const state = shops.state(name);
    const engaged = busy.get(name);
    if (engaged !== undefined) throw refused(name, `busy with ${engaged}`, verb);
    if (state === "starting" || state === "stopping") throw refused(name, state, verb);
    if (state === "down" && verb !== "restart") throw refused(name, "down", verb);
    busy.set(name, verb);
    try {
      await DEEDS[verb](name);
    } finally {
      busy.delete(name);
    }
  }

  const DEEDS: Readonly<Record<Verb, (name: string) => Promise<void>>> = {
    kill: shops.kill,
    drain: (name) => board.set(name, "draining"),
    enable: (name) => board.set(name, "enabled"),
    async restart(name) {
      // No new request may meet the closing port, so that a restart fails none.
      await board.set(name, "disabled");
      await shops.stop(name);
      await shops.start(name);
      await board.set(name, "enabled");
      await healthy(name);
    },
  };

  async function healthy(name: string): Promise<void> {
    const giveUpAt = clock.monotonic() + HEALTHY_MS;
    while (clock.monotonic() < giveUpAt && shops.state(name) === "up") {
      if ((await board.look()).find((lamp) => lamp.name === name)?.healthy) return;
      await new Promise<void>((resolve) => clock.after(GLANCE_MS, resolve));
    }
  }

  async function look(): Promise<readonly ServerView[]> {
    const lamps = new Map((await board.look()).map((lamp) => [lamp.name, lamp]));
    return SHOP_NAMES.map((name) => {
      const lamp = lamps.get(name);
      return { name, condition: condition(name, lamp), pid: shops.pid(name), bound: lamp?.bound };
    });
  }

  function condition(name: string, lamp: Lamp | undefined): ServerView["condition"] {
    const state = shops.state(name);
    if (state !== "up") return state === "down" && busy.get(name) === "restart" ? "starting" : state;
    if (busy.get(name) === "restart") return lamp?.state === "disabled" ? "stopping" : "starting";
    if (lamp?.state === "draining") return "draining";
    if (lamp?.state === "disabled") return "drained";
    return "up";
  }

  async function answer(from: string, ask: Ask, settled: Promise<void>): Promise<Reply> {
    // It is about to die: unanswered, its request fails over like any other that was cut off.
    if (condemned.has(from)) return new Promise(() => {});
    try {
      if (ask.verb !== "look") {
        const refusal = await begin(from, ask.verb, ask.server, settled);
        if (refusal !== undefined) return refusal;
      }
      return { ok: true, servers: await look() };
    } catch (error) {
      if (error instanceof SojournError) return { ok: false, status: error.status, reason: error.message };
      return { ok: false, status: 500, reason: "the demo's supervisor failed" };
    }
  }

  async function begin(from: string, verb: Verb, name: string, settled: Promise<void>): Promise<Reply | undefined> {
    const others = SHOP_NAMES.filter((other) => other !== name && shops.state(other) === "up" && !condemned.has(other));
    const ends = verb === "kill" || verb === "restart";
    if (ends && others.length === 0 && shops.state(name) === "up") {
      return { ok: false, status: 423, reason: `${name} is the last one standing` };
    }
    if (name !== from || !ends) {
      await act(verb, name);
      return undefined;
    }
    if (verb === "kill") condemned.add(name);
    else await board.set(name, "disabled");
    void deadline(settled)
      .then(() => act(verb, name))
      .catch((error: unknown) => console.error(error instanceof Error ? error.message : error))
      .finally(() => condemned.delete(name));
    return undefined;
  }

  async function deadline(settled: Promise<void>): Promise<void> {
    let cancel = () => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(SETTLE_MS, resolve);
    });
    await Promise.race([settled, late]);
    cancel();
  }

  return { act, look, answer };
}

function refused(server: string, state: string, verb: Verb): SojournError {
  return new SojournError("DEMO_BUSY", { server, state, verb });
}
