import type { Runtime } from "@sojourn/core";
import type { Device } from "./record/device.ts";
import type { DeviceReader } from "./request/device.ts";
import type { Settings } from "./settings/settings.ts";
import { type SessionState, seenBy } from "./state.ts";
import { newCsrfSeed } from "./token/csrf-token.ts";

export interface ClientParts {
  readonly settings: Settings;
  readonly runtime: Runtime;
  readonly deviceOf: DeviceReader;
}

/** What a session that begins now knows of its client. @param csrfSeed one that its request has given out already. */
export function clientFacts(
  { settings, runtime, deviceOf }: ClientParts,
  state: SessionState,
  csrfSeed?: Uint8Array,
): { readonly device: Device; readonly csrfSeed: Uint8Array | undefined } {
  const seed = csrfSeed ?? (settings.csrf === "token" ? newCsrfSeed(runtime.random) : undefined);
  return { device: seenBy(state, deviceOf), csrfSeed: seed };
}
