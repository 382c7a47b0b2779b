import type { Emit } from "./emitter.ts";
import type { BindingSignal } from "./events.ts";
import type { BindingPolicy } from "./options.ts";
import { type Device, describeDevice } from "./record/device.ts";

/** Whether a session is served to the device that presents its token. */
export interface Binding {
  /** @param id names the session in the event that tells of a mismatch: once for each device, not for each request. */
  judge(id: string, device: Device | undefined, seen: Device): "served" | "step-up" | "end";
}

export type BindingPolicies = Readonly<Record<BindingSignal, BindingPolicy>>;

/** How many mismatches are remembered, so that each is told once. */
const REMEMBERED = 10_000;

export function createBinding(policies: BindingPolicies, emit: Emit): Binding {
  const told = new Set<string>();

  function tell(id: string, seen: Device, signals: readonly BindingSignal[], outcome: "reported" | "stepped-up"): void {
    const mismatch = `${id} ${seen.browser} ${seen.system} ${seen.ipv4} ${seen.ipv6}`;
    if (told.has(mismatch)) return;
    if (told.size >= REMEMBERED) told.clear();
    told.add(mismatch);
    emit({ type: "session.binding-mismatch", id, signals, outcome, device: describeDevice(seen) });
  }

  return {
    judge(id, device, seen) {
      if (device === undefined) return "served";
      const differing = differences(device, seen);
      if (differing.length === 0) return "served";
      const signals = differing.filter((signal) => policies[signal] !== "off");
      if (signals.length === 0) return "served";
      if (signals.some((signal) => policies[signal] === "end")) {
        emit({ type: "session.binding-mismatch", id, signals, outcome: "ended", device: describeDevice(seen) });
        return "end";
      }
      const steps = signals.some((signal) => policies[signal] === "step-up");
      tell(id, seen, signals, steps ? "stepped-up" : "reported");
      return steps ? "step-up" : "served";
    },
  };
}

/** What of `device`, as the session knows it, differs from `seen`. What either does not know differs in nothing. */
export function differences(device: Device, seen: Device): readonly BindingSignal[] {
  const agent = device.browser !== seen.browser || device.system !== seen.system;
  const address = differs(device.ipv4, seen.ipv4) || differs(device.ipv6, seen.ipv6);
  if (!agent) return address ? ADDRESS : NONE;
  return address ? BOTH : AGENT;
}

function differs(known: number | undefined, seen: number | undefined): boolean {
  return known !== undefined && seen !== undefined && known !== seen;
}

const NONE: readonly BindingSignal[] = Object.freeze([]);
const AGENT: readonly BindingSignal[] = Object.freeze(["userAgent"]);
const ADDRESS: readonly BindingSignal[] = Object.freeze(["address"]);
const BOTH: readonly BindingSignal[] = Object.freeze(["userAgent", "address"]);

/**
 * The device with the network of a family that it had not been seen in: a client that changes between IPv4 and IPv6 has
 * one network of each. A device that differs teaches nothing.
 * @returns undefined when there is nothing to learn.
 */
export function learned(device: Device | undefined, seen: Device): Device | undefined {
  if (device === undefined) return seen;
  const ipv4 = device.ipv4 ?? seen.ipv4;
  const ipv6 = device.ipv6 ?? seen.ipv6;
  const nothing = ipv4 === device.ipv4 && ipv6 === device.ipv6;
  return nothing || differences(device, seen).length > 0 ? undefined : { ...device, ipv4, ipv6 };
}
