import type { EnginePort } from "../engine/port.ts";

/**
 * The same engine, reached as if it were in another process: every message, answer, event and error crosses as JSON.
 * A suite that passes through it proves that the port carries nothing but data.
 */
export function overJson(port: EnginePort): EnginePort {
  return {
    capabilities: crossed(port.capabilities),
    apply: (message) => port.apply(crossed(message)),
    set: (message) => port.set(crossed(message)),
    observe: async () => crossed(await port.observe()),
    explain: async (message) => crossed(await port.explain(crossed(message))),
    listen: (listener) => port.listen((event) => listener(crossed(event))),
    close: (deadlineMs) => port.close(deadlineMs),
  };
}

/** Also refuses what JSON would drop or bend in silence. */
export function crossed<T>(value: T): T {
  assertPlain(value, "$");
  return JSON.parse(JSON.stringify(value)) as T;
}

function assertPlain(value: unknown, path: string): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== Array.prototype) {
    throw new TypeError(`${path} holds ${typeof value} ${String(value)}, which does not cross a process boundary`);
  }
  for (const [name, member] of Object.entries(value as object)) assertPlain(member, `${path}.${name}`);
}
