import type { Clock } from "@sojourn/core";
import type { Emit } from "../emitter.ts";
import { describeDevice } from "../record/device.ts";
import type { DeviceReader } from "../request/device.ts";
import { type SessionState, seenBy } from "../state.ts";

/** A client that lost its session presents one dead token, perhaps from a few tabs. */
const SUSPICIOUS = 20;
const WINDOW_MS = 60_000;
/** Networks counted at once: beyond them the window begins anew, so that an attacker with many cannot fill the memory. */
const NETWORKS = 10_000;

/** Counts tokens that are no session's, network by network. @returns notes one. */
export function createProbingWatch(emit: Emit, deviceOf: DeviceReader, clock: Clock): (state: SessionState) => void {
  let counts = new Map<string | undefined, number>();
  let windowEnds = 0;
  return (state) => {
    const now = clock.monotonic();
    if (now >= windowEnds || counts.size >= NETWORKS) {
      counts = new Map();
      windowEnds = now + WINDOW_MS;
    }
    const [network] = describeDevice(seenBy(state, deviceOf)).networks;
    const tokens = (counts.get(network) ?? 0) + 1;
    counts.set(network, tokens);
    if (tokens === SUSPICIOUS) emit({ type: "session.probing", tokens, network });
  };
}
