import type { ChildProcess } from "node:child_process";
import type { Launched } from "../../scripts/servers/launch.mjs";

export interface Peer<Port> {
  readonly port: Port;
  cpuMs(): number | Promise<number>;
  stop(): Promise<void>;
}
export function startNode<Port = number>(
  script: URL,
  input?: object,
): Promise<Peer<Port> & { readonly child: ChildProcess }>;
export function measured(launched: Launched): Peer<number>;
