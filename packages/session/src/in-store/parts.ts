import { type Awaitable, isPromise, type Runtime } from "@sojourn/core";
import type { Binding } from "../binding.ts";
import type { BoundTokenCarrier } from "../carrier.ts";
import { codeOf, type Emit } from "../emitter.ts";
import type { EndReason } from "../events.ts";
import type { DataCodec } from "../record/data-codec.ts";
import type { CookieGate } from "../request/cookie-gate.ts";
import type { DeviceReader } from "../request/device.ts";
import type { Settings } from "../settings/settings.ts";
import type { SessionState } from "../state.ts";
import type { AnyStore } from "../store.ts";
import type { Vault } from "../vault.ts";
import type { Behind } from "./behind.ts";
import type { StoreCalls } from "./calls.ts";
import type { CommitQueue } from "./commit-queue.ts";
import type { Endings } from "./endings.ts";
import type { Lookup } from "./lookup.ts";
import { settleDelete } from "./settle.ts";
import type { StoreTime } from "./time.ts";
import type { Users } from "./users.ts";

/** What sessions in a store are made of. Wired once. */
export interface StoreParts {
  readonly store: AnyStore;
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly time: StoreTime;
  readonly calls: StoreCalls;
  readonly vault: Vault;
  readonly data: DataCodec;
  readonly queue: CommitQueue;
  /** Absent: everything is written before it is acknowledged. */
  readonly behind: Behind | undefined;
  readonly lookup: Lookup;
  readonly users: Users;
  readonly emit: Emit;
  readonly endings: Endings;
  readonly carrier: BoundTokenCarrier;
  /** Whether the carrier can replace the client's half itself. */
  readonly replaces: boolean;
  readonly gate: CookieGate;
  readonly deviceOf: DeviceReader;
  /** Absent: nothing is bound. */
  readonly binding: Binding | undefined;
  /** A token that is no session's was presented. */
  readonly probed: (state: SessionState) => void;
}

/** Work that delays no response. Its failure is an event, because nobody waits to hear of it. */
export function inBackground(
  { runtime, emit }: { readonly runtime: Runtime; readonly emit: Emit },
  id: string | undefined,
  work: Promise<unknown>,
): void {
  runtime.waitUntil(work.catch((error: unknown) => emit({ type: "session.commit-failed", id, code: codeOf(error) })));
}

/** Monotonic time at which a commit that begins now gives up. */
export function commitDeadline({ runtime, settings }: Pick<StoreParts, "runtime" | "settings">): number {
  return runtime.clock.monotonic() + settings.commitWithinMs;
}

/** Ends one session for good. @returns whether it was alive. */
export async function endRecord(parts: StoreParts, key: string, reason: EndReason): Promise<boolean> {
  const alive = await settleDelete(parts, key, commitDeadline(parts));
  parts.behind?.drop(key);
  if (alive) parts.emit({ type: "session.ended", id: key, reason });
  parts.endings.ended(key);
  return alive;
}

/** Waits only for what is not there yet. */
export async function settled<T>(value: Awaitable<T>): Promise<T> {
  return isPromise(value) ? await value : value;
}
