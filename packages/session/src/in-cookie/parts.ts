import type { Runtime } from "@sojourn/core";
import type { Binding } from "../binding.ts";
import type { BoundRecordCarrier } from "../carrier.ts";
import type { Emit } from "../emitter.ts";
import type { EndReason } from "../events.ts";
import type { DataCodec } from "../record/data-codec.ts";
import type { CookieGate } from "../request/cookie-gate.ts";
import type { DeviceReader } from "../request/device.ts";
import type { Settings } from "../settings/settings.ts";
import type { Refreshes } from "./refreshes.ts";
import type { Revocation } from "./revocation.ts";
import type { Watching } from "./watching.ts";

/** What a store adds to sessions in cookies. */
export interface Revocable {
  readonly revocation: Revocation;
  readonly watching: Watching;
  /** Absent: the carrier has no refresh tokens. */
  readonly refreshes: Refreshes | undefined;
}

/** What sessions in cookies are made of. Wired once. */
export interface CarriedParts {
  readonly carrier: BoundRecordCarrier;
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly data: DataCodec;
  readonly emit: Emit;
  readonly gate: CookieGate;
  readonly deviceOf: DeviceReader;
  /** Absent: nothing is bound. */
  readonly binding: Binding | undefined;
  /** Absent: a copy of a cookie works until it expires. */
  readonly revocable: Revocable | undefined;
}

/** @returns whether it had not been ended before, as far as anybody knows. */
export async function endCarried(
  { revocable, emit }: Pick<CarriedParts, "revocable" | "emit">,
  key: string,
  reason: EndReason,
): Promise<boolean> {
  const alive = (await revocable?.revocation.end(key)) ?? true;
  if (alive) emit({ type: "session.ended", id: key, reason });
  revocable?.watching.ended(key);
  return alive;
}
