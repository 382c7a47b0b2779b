import type { ServerResponse } from "node:http";

/** The response's own methods, or those that other middleware had put in their place. */
export type Sending = Pick<ServerResponse, "writeHead" | "write" | "end" | "flushHeaders">;

export interface HeldCall {
  readonly method: keyof Sending;
  readonly args: readonly unknown[];
}

type Loose = (...args: readonly unknown[]) => unknown;

export function call(response: ServerResponse, sending: Sending, { method, args }: HeldCall): unknown {
  return (sending[method] as unknown as Loose).apply(response, args as unknown[]);
}

/** Node refuses a bad chunk where it is given, not where it is sent. */
export function checkChunk(chunk: unknown): void {
  if (typeof chunk === "string" || chunk instanceof Uint8Array) return;
  const code = chunk === null ? "ERR_STREAM_NULL_VALUES" : "ERR_INVALID_ARG_TYPE";
  throw Object.assign(new TypeError("The chunk must be a string, a Buffer or a Uint8Array"), { code });
}

/** As `checkChunk` for `end`, which takes none as well, or its callback in place of one. */
export function checkLastChunk(chunk: unknown): void {
  if (chunk && typeof chunk !== "function") checkChunk(chunk);
}

/** Tells whoever waits for the dropped calls that they will never be made. */
export function dropCalls(calls: readonly HeldCall[], error: Error): void {
  for (const { args } of calls) {
    const done = args.at(-1);
    if (typeof done === "function") process.nextTick(done, error);
  }
}
