import type { Clock, CryptoProvider } from "@sojourn/core";
import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, type CarriedOptions, createSessions, type SessionEvent, type Sessions } from "@sojourn/session";
import { type SealedCookieOptions, sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { defaultCrypto as nodeCrypto } from "../../../core/src/crypto-node.ts";
import { type Client, createClient, type Fault, KEY_A, type Shop, visit } from "../engine/support.ts";

export const HOUR = 3_600_000;
type Options = Partial<Omit<CarriedOptions, "carrier">>;

interface WorldOptions extends Options {
  readonly crypto?: CryptoProvider;
  readonly storeOf?: (clock: Clock) => AnyStore;
}

export const memory = (clock: Clock): AnyStore => ({ ...memoryStore({ clock }) });

/** Servers that share keys, a clock and a store, whose calls are noted and, while a fault is set, in its hands. */
export function createWorld({ crypto = nodeCrypto, storeOf = memory, ...options }: WorldOptions = {}) {
  const runtime = createFakeRuntime({ crypto });
  const inner = storeOf(runtime.clock);
  const world = { runtime, inner, calls: [] as string[], keys: [] as string[], fault: undefined as Fault | undefined };
  const events: SessionEvent[] = [];
  const noted = Object.fromEntries(
    Object.entries(inner).map(([name, value]) => [
      name,
      typeof value !== "function"
        ? value
        : (...args: unknown[]) => {
            world.calls.push(name);
            if (typeof args[0] === "string") world.keys.push(args[0]);
            const run = () => value.apply(inner, args);
            return world.fault === undefined ? run() : world.fault(name, run, args);
          },
    ]),
  ) as unknown as AnyStore;
  let servers = 0;
  const server = (revocation: SealedCookieOptions["revocation"] = noted, more: Options = {}): Sessions<Shop> =>
    createSessions<Shop>({
      carrier: sealedCookie({ revocation }),
      keys: KEY_A,
      env: {},
      onEvent: (event: SessionEvent) => void events.push(event),
      ...options,
      ...more,
      runtime: { ...runtime, random: createFakeRandom(++servers) },
    });
  return Object.assign(world, { events, server, sessions: server(), types: () => events.map(({ type }) => type) });
}

export type World = ReturnType<typeof createWorld>;

export async function enter(world: World, user = "ada", client = createClient()): Promise<Client> {
  await visit(world.sessions, client, (s) => s.login(user));
  return client;
}

export const copyOf = ({ cookie }: Client) => createClient(cookie);
export const isAlive = async (sessions: Sessions<Shop>, client: Client) =>
  (await visit(sessions, copyOf(client), (s) => !s.isNew)).result;
