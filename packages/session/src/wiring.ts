import { createKeyRing, type KeyRing, type Runtime, SojournError } from "@sojourn/core";
import { findKeys } from "@sojourn/core/key-file";
import type { SessionAdmin } from "./admin.ts";
import { createBinding } from "./binding.ts";
import type { CarrierContext, RecordCarrier, TokenCarrier } from "./carrier.ts";
import { createEmitter, type Emit, type Listeners } from "./emitter.ts";
import type { Home } from "./home.ts";
import { createCarriedHome } from "./in-cookie/home.ts";
import { createStoreAdmin } from "./in-store/admin.ts";
import { createStoreCalls } from "./in-store/calls.ts";
import { createCommitQueue } from "./in-store/commit-queue.ts";
import { createEndings } from "./in-store/endings.ts";
import { createStoreHome } from "./in-store/home.ts";
import { createLookup } from "./in-store/lookup.ts";
import type { StoreParts } from "./in-store/parts.ts";
import { createProbingWatch } from "./in-store/probing.ts";
import { createStoreTime } from "./in-store/time.ts";
import { createUsers } from "./in-store/users.ts";
import type { DataCodec } from "./record/data-codec.ts";
import type { CookieGate } from "./request/cookie-gate.ts";
import type { DeviceReader } from "./request/device.ts";
import type { Settings } from "./settings/settings.ts";
import type { AnyStore } from "./store.ts";
import type { Telemetry } from "./telemetry.ts";
import { traceAdmin, traceCalls, traceHome } from "./traced.ts";
import { createVault } from "./vault.ts";

/** What every configuration has. */
export interface CommonParts {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly data: DataCodec;
  readonly gate: CookieGate;
  readonly deviceOf: DeviceReader;
  readonly listeners: Listeners;
  /** Made when first asked for. */
  keys(): KeyRing;
}

export interface Wired {
  readonly home: Home;
  readonly admin: SessionAdmin;
  readonly emit: Emit;
  /** Time of deadlines. */
  now(): number;
}

/** The ring of a configuration, made once and only where something is sealed. @throws KEY_MISSING KEY_INVALID */
export function lazyKeys(
  keys: string | readonly string[] | undefined,
  environment: Readonly<Record<string, string | undefined>>,
  runtime: Runtime,
): () => KeyRing {
  let ring: KeyRing | undefined;
  return () => {
    if (ring === undefined) {
      const found = findKeys({ who: "createSessions", keys, runtime, environment });
      ring = createKeyRing(found.keys, { ...runtime, where: found.where });
    }
    return ring;
  };
}

export function wireStore(common: CommonParts, store: AnyStore, carrier: TokenCarrier): Wired {
  const { settings, runtime, data, gate, deviceOf, listeners, keys } = common;
  const ring = settings.atRest === "sealed" ? keys() : undefined;
  const { telemetry } = listeners;
  const asked = createStoreCalls(store, settings, runtime, () => emit);
  const calls = telemetry === undefined ? asked : traceCalls(asked, store, telemetry);
  const nowMs = store.nowMs?.bind(store);
  const time = createStoreTime(nowMs && (() => calls.ask("nowMs", nowMs, Number.isFinite)), runtime);
  const emit = createEmitter(listeners, () => time.now(), runtime);
  const vault = createVault(ring, "session-record", settings.acceptPlain, emit);
  const userVault = createVault(ring, "user-record", settings.acceptPlain, emit);
  const settle = { calls, runtime };
  const lookup = createLookup({ store, calls, vault, runtime, settings });

  const parts: StoreParts = {
    store,
    settings,
    runtime,
    time,
    calls,
    vault,
    data,
    emit,
    gate,
    deviceOf,
    binding: settings.binding && createBinding(settings.binding, emit),
    probed: createProbingWatch(emit, deviceOf, runtime.clock),
    queue: createCommitQueue({ ...settle, vault, data, commitWithinMs: settings.commitWithinMs }),
    lookup,
    users: createUsers({ ...settle, settings, vault: userVault, time, emit, lookup }),
    endings: createEndings({
      runtime,
      watch: store.watch?.bind(store),
      isAlive: async (key) => (await calls.read(key)) !== undefined,
    }),
    carrier: carrier.bind(contextOf(common)),
    replaces: carrier.replaces,
  };
  return traced(telemetry, {
    home: createStoreHome(parts),
    admin: createStoreAdmin(parts),
    emit,
    now: () => time.now(),
  });
}

export function wireCarried(common: CommonParts, carrier: RecordCarrier): Wired {
  const { settings, runtime, data, gate, deviceOf, listeners } = common;
  const now = () => runtime.clock.now();
  const emit = createEmitter(listeners, now, runtime);
  const binding = settings.binding && createBinding(settings.binding, emit);
  const bound = carrier.bind(contextOf(common));
  const home = createCarriedHome({ carrier: bound, settings, runtime, data, emit, gate, deviceOf, binding });
  return traced(listeners.telemetry, { home, admin: unsupportedAdmin(carrier), emit, now });
}

function traced(telemetry: Telemetry | undefined, wired: Wired): Wired {
  if (telemetry === undefined) return wired;
  const { home, admin } = wired;
  return { ...wired, home: traceHome(home, telemetry), admin: traceAdmin(admin, telemetry) };
}

function contextOf({ runtime, settings, keys }: CommonParts): CarrierContext {
  return { runtime, cookie: settings.cookie, keys };
}

function unsupportedAdmin({ name }: RecordCarrier): SessionAdmin {
  const how = "keep the sessions in a store";
  const refuse = (feature: string) => new SojournError("UNSUPPORTED", { feature, part: `the carrier ${name}`, how });
  return {
    list: async () => Promise.reject(refuse("list")),
    end: async () => Promise.reject(refuse("end")),
    endOthers: async () => Promise.reject(refuse("endOthers")),
    revokeUser: async () => Promise.reject(refuse("revokeUser")),
    revokeAll: async () => Promise.reject(refuse("revokeAll")),
    sweep: async () => 0,
    onEnd: () => {
      throw refuse("onEnd");
    },
  };
}
