import type { Clock } from "@sojourn/core";
import type { Ask, FromShop, Reply, ToShop } from "./protocol.ts";

/** A shop's line to the supervisor that started it. */
export interface Channel {
  send(message: FromShop): void;
  /** Never rejects: a supervisor that does not answer in time is a refusal. */
  ask(ask: Ask): Promise<Asked>;
}

export interface Asked {
  readonly reply: Reply;
  /** Must be called once the response to the request that asked has left, or will never leave. */
  answered(): void;
}

/** The part of `process` that a channel needs. */
export interface Line {
  send?(message: FromShop): unknown;
  readonly connected?: boolean;
  on(event: "message", listener: (message: ToShop) => void): unknown;
}

const PATIENCE_MS = 8_000;

export function createChannel(line: Line, clock: Clock): Channel {
  const waiting = new Map<number, (reply: Reply) => void>();
  let lastId = 0;
  const send = (message: FromShop) => {
    if (line.connected) line.send?.(message);
  };
  line.on("message", (message) => {
    if (message.kind !== "reply") return;
    waiting.get(message.id)?.(message.reply);
    waiting.delete(message.id);
  });
  return {
    send,
    async ask(ask) {
      const id = ++lastId;
      const reply = await new Promise<Reply>((resolve) => {
        const cancel = clock.after(PATIENCE_MS, () => {
          waiting.delete(id);
          resolve({ ok: false, status: 504, reason: "the demo's supervisor did not answer" });
        });
        waiting.set(id, (arrived) => {
          cancel();
          resolve(arrived);
        });
        send({ kind: "ask", id, ask });
      });
      return { reply, answered: () => send({ kind: "answered", id }) };
    },
  };
}
