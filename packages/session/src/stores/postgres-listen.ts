import type { Awaitable, Cancel, Clock, Random } from "@sojourn/core";
import { createWatchers, type Listening, type Tell } from "./watchers.ts";

/** The part of a `Client` of the package `pg` that listening needs. */
export interface PgListener {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  on(event: "notification", listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  on(event: "error" | "end", listener: () => void): unknown;
  end(): Promise<unknown>;
}

export interface ListeningParts {
  readonly connect: () => Awaitable<PgListener>;
  readonly channel: string;
  readonly clock: Clock;
  readonly random: Random;
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** A peer that has gone without a word is found out by this. */
const ASK_EVERY_MS = 30_000;

/** One connection for all watchers, made with the first and ended with the last; made again when it is lost. */
export function createListening({ connect, channel, clock, random }: ListeningParts): Listening {
  function start(tell: Tell): () => void {
    let stopped = false;
    let failures = 0;
    let cancelPause: Cancel | undefined;
    let drop: (() => void) | undefined;

    async function listen(): Promise<void> {
      let lost = false;
      let cancelAsking: Cancel | undefined;
      let client: PgListener | undefined;
      const lose = (again: boolean) => {
        if (lost) return;
        lost = true;
        cancelAsking?.();
        // A peer that does not answer is not waited for.
        client?.end().catch(() => {});
        if (again) retry();
      };
      drop = () => lose(false);
      try {
        client = await connect();
        client.on("error", () => lose(true));
        client.on("end", () => lose(true));
        client.on("notification", ({ payload }) => {
          if (!lost) tell(payload);
        });
        await client.connect();
        await client.query(`LISTEN "${channel}"`);
      } catch {
        return lose(true);
      }
      if (lost) return void client.end().catch(() => {});
      failures = 0;
      cancelAsking = askNowAndThen(client, () => lose(true));
      // Whatever was told while nobody listened is lost.
      tell(undefined);
    }

    function retry(): void {
      if (stopped) return;
      const boundMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures++);
      cancelPause = clock.after(boundMs * (0.5 + random.uint32() / 2 ** 33), () => void listen());
    }

    void listen();
    return () => {
      stopped = true;
      cancelPause?.();
      drop?.();
    };
  }

  function askNowAndThen(client: PgListener, lost: () => void): Cancel {
    let answered = true;
    return clock.every(ASK_EVERY_MS, () => {
      if (!answered) return lost();
      answered = false;
      client.query("SELECT 1").then(() => {
        answered = true;
      }, lost);
    });
  }

  return createWatchers(start);
}
