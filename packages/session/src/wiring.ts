import { createKeyRing, type KeyRing, type Runtime } from "@sojourn/core";
import { findKeys } from "@sojourn/core/key-file";
import type { SessionAdmin } from "./admin.ts";
import { createBinding } from "./binding.ts";
import type { CarrierContext, RecordCarrier, TokenCarrier } from "./carrier.ts";
import { createEmitter, type Emit, isHeard, type Listeners } from "./emitter.ts";
import type { Home } from "./home.ts";
import { createCarriedAdmin, unsupportedAdmin } from "./in-cookie/admin.ts";
import { createCarriedHome } from "./in-cookie/home.ts";
import { createNotes } from "./in-cookie/notes.ts";
import { createRefreshes } from "./in-cookie/refreshes.ts";
import { createRevocation } from "./in-cookie/revocation.ts";
import { createWatching } from "./in-cookie/watching.ts";
import { createStoreAdmin } from "./in-store/admin.ts";
import { createBehind } from "./in-store/behind.ts";
import { createStoreCalls, type StoreCalls } from "./in-store/calls.ts";
import { createCommitQueue } from "./in-store/commit-queue.ts";
import { createEndings } from "./in-store/endings.ts";
import { createStoreHome } from "./in-store/home.ts";
import { createLookup } from "./in-store/lookup.ts";
import type { StoreParts } from "./in-store/parts.ts";
import { createProbingWatch } from "./in-store/probing.ts";
import { createStoreTime, type StoreTime } from "./in-store/time.ts";
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
  /** Writes what was acknowledged before it was written. Absent: there is never any. */
  readonly flush?: (() => Promise<void>) | undefined;
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
  const calls = callsOf(common, store, () => emit);
  const time = timeOf(store, calls, runtime);
  const emit = createEmitter(listeners, () => time.now(), runtime);
  const vault = createVault(ring, "session-record", settings.acceptPlain, emit);
  const userVault = createVault(ring, "user-record", settings.acceptPlain, emit);
  const settle = { calls, runtime };
  const lookup = createLookup({ store, calls, vault, runtime, settings });

  const queue = createCommitQueue({ ...settle, vault, data, commitWithinMs: settings.commitWithinMs });
  const waits = store.near?.writeBehind;
  const behind = waits && createBehind({ ...waits, queue, runtime, emit });

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
    probed: isHeard(listeners) ? createProbingWatch(emit, deviceOf, runtime.clock) : () => {},
    queue,
    behind,
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
    flush: behind?.flushAll,
    now: () => time.now(),
  });
}

export function wireCarried(common: CommonParts, carrier: RecordCarrier): Wired {
  const { settings, runtime, data, gate, deviceOf, listeners } = common;
  const now = () => runtime.clock.now();
  const emit = createEmitter(listeners, now, runtime);
  const binding = settings.binding && createBinding(settings.binding, emit);
  const parts = { carrier: carrier.bind(contextOf(common)), settings, runtime, data, emit, gate, deviceOf, binding };
  if (carrier.revocation === "none") {
    const home = createCarriedHome({ ...parts, revocable: undefined });
    return traced(listeners.telemetry, { home, admin: unsupportedAdmin(carrier.name), emit, now });
  }
  const store = carrier.revocation;
  const calls = callsOf(common, store, () => emit);
  const time = timeOf(store, calls, runtime);
  const notes = createNotes({ calls, time, runtime, settings });
  const noting = { calls, notes, runtime, settings };
  const revocation = createRevocation({ ...noting, emit });
  const watching = createWatching({ runtime, watch: store.watch?.bind(store), revocation });
  const refreshes = carrier.refresh && createRefreshes({ ...noting, graceMs: carrier.refresh.graceMs });
  const whole = { ...parts, revocable: { revocation, watching, refreshes } };
  const admin = createCarriedAdmin(whole, carrier.name, store, calls);
  return traced(listeners.telemetry, { home: createCarriedHome(whole), admin, emit, now });
}

function callsOf({ settings, runtime, listeners }: CommonParts, store: AnyStore, emit: () => Emit): StoreCalls {
  const calls = createStoreCalls(store, settings, runtime, emit);
  return listeners.telemetry === undefined ? calls : traceCalls(calls, store, listeners.telemetry);
}

function timeOf(store: AnyStore, calls: StoreCalls, runtime: Runtime): StoreTime {
  const nowMs = store.nowMs?.bind(store);
  return createStoreTime(nowMs && (() => calls.ask("nowMs", nowMs, Number.isFinite)), runtime);
}

function traced(telemetry: Telemetry | undefined, wired: Wired): Wired {
  if (telemetry === undefined) return wired;
  const { home, admin } = wired;
  return { ...wired, home: traceHome(home, telemetry), admin: traceAdmin(admin, telemetry) };
}

function contextOf({ runtime, settings, keys }: CommonParts): CarrierContext {
  return { runtime, cookie: settings.cookie, keys };
}
