import type { ServerResponse } from "node:http";
import { SojournError } from "@sojourn/core";
import type { EventHub, NumberedEvent } from "../engine/events.ts";
import type { Timers } from "../timers.ts";
import type { AdminAnswer } from "./request.ts";

/** Each follower costs a connection and a queue. */
export const MAX_FOLLOWERS = 32;
/** Bytes that may wait for a follower who does not read; then it is cut off and may resume by Last-Event-ID. */
export const MAX_WAITING_BYTES = 262_144;

export interface EventStreams {
  /** @throws ADMIN_BUSY */
  follow(lastEventId: string | undefined): AdminAnswer;
  close(): void;
}

/** Server-sent events (WHATWG HTML §9.2). The event's name is its kind, its id the place in the stream. */
export function createEventStreams(hub: EventHub, timers: Timers): EventStreams {
  const followers = new Set<() => void>();

  function start(response: ServerResponse, lastId: number): void {
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    const write = (text: string) => {
      response.write(text);
      if (response.writableLength > MAX_WAITING_BYTES) end(true);
    };
    const stopEvents = hub.listen((event) => write(format(event)));
    const stopBeats = timers.heartbeats(() => write(": still here\n\n"));
    function end(cut: boolean): void {
      if (!followers.delete(stop)) return;
      stopEvents();
      stopBeats();
      if (cut) response.destroy();
      else response.end();
    }
    const stop = () => end(false);
    followers.add(stop);
    response.on("close", stop);
    response.on("error", stop);
    write(`: ${followers.size} following\n\n`);
    for (const event of hub.since(lastId)) write(format(event));
  }

  return {
    follow(lastEventId) {
      if (followers.size >= MAX_FOLLOWERS) throw new SojournError("ADMIN_BUSY", { count: followers.size });
      const resumed = lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : hub.lastId;
      return { kind: "stream", start: (response) => start(response, resumed) };
    },
    close() {
      for (const stop of [...followers]) stop();
    },
  };
}

function format({ id, event }: NumberedEvent): string {
  return `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
