import { type OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { AFFINITY_HEADER, type Awaitable, andThen, isPromise, RETRY_AFTER } from "@sojourn/core";
import { listen } from "../emitter.ts";
import type { ResponseFields } from "../http.ts";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { asksToRetry, statusOf } from "./error-answer.ts";
import { addFields, type HeaderLines, isEmpty, mergeFields, NO_FIELDS } from "./fields.ts";
import { call, checkChunk, checkLastChunk, dropCalls, type HeldCall, type Sending } from "./held-calls.ts";
import { refuseLate, wearFace } from "./response-face.ts";
import {
  absorbHead,
  headerLines,
  headersOf,
  listLines,
  restoreHeaders,
  setStatusLine,
  statusLine,
  type WholeHead,
  wholeHead,
} from "./response-head.ts";
import { remember, withSaid } from "./said.ts";

/**
 * - `open`: nothing has been sent.
 * - `held`: a call that sends the head, or the end of a body, waits for a commit; calls are queued.
 * - `failed`: the commit failed; the response belongs to the error path, which has not sent its head yet.
 * - `sent`: the head has left.
 */
type Phase = "open" | "held" | "failed" | "sent";

/** Operations recorded while the head waits are committed with it, but not for ever. */
const MOST_ROUNDS = 8;

/** Stands between a handler and its response, so that the commit comes before the head. One for each response. */
export class ResponseGate<Data extends object> {
  readonly #response: ServerResponse;
  readonly #sessions: Sessions<Data>;
  readonly #session: Session<Data>;
  readonly #onError: (error: unknown) => void;
  readonly #sending: Sending;
  /** Headers that were there before the handler; they stay when its own are removed. */
  readonly #earlier: OutgoingHttpHeaders;
  #phase: Phase = "open";
  #held: HeldCall[] = [];
  #sources: Set<Readable> | undefined;
  #afterError: ResponseFields | undefined;
  #retryLater = false;
  /** What a commit gave for a head that was refused. */
  #unsent: Awaitable<ResponseFields> | undefined;
  #ended = false;
  #needsDrain = false;
  #closed = false;

  constructor(
    response: ServerResponse,
    sessions: Sessions<Data>,
    session: Session<Data>,
    onError: (error: unknown) => void,
  ) {
    this.#response = response;
    this.#sessions = sessions;
    this.#session = session;
    this.#onError = onError;
    const { writeHead, write, end, flushHeaders } = response;
    this.#sending = { writeHead, write, end, flushHeaders };
    this.#earlier = headersOf(response);
    response.writeHead = ((...args: unknown[]) => this.#writeHead(args)) as ServerResponse["writeHead"];
    response.write = ((...args: unknown[]) => this.#write(args)) as ServerResponse["write"];
    response.end = ((...args: unknown[]) => this.#end(args)) as ServerResponse["end"];
    response.flushHeaders = () => this.#flushHeaders();
    response.on("pipe", (source: Readable) => {
      this.#sources ??= new Set();
      this.#sources.add(source);
    });
    response.on("close", () => this.#close());
    // Somebody has sent the head before the session came: no cookie can follow.
    if (response.headersSent) this.#sent();
  }

  /**
   * Commits before anything is sent, for frameworks whose error path lies before that.
   * @throws what the commit throws; the response is empty then, and the error path's, as it is for `onError`.
   */
  async settle(): Promise<void> {
    if (this.#phase !== "open" || !this.#sessions.pending(this.#session)) return;
    try {
      await this.#session.commit();
    } catch (error) {
      if (this.#phase === "open") this.#empty(error);
      throw error;
    }
  }

  #writeHead(args: readonly unknown[]): ServerResponse {
    const response = this.#response;
    if (this.#phase === "held") refuseLate(response, "write");
    if (this.#phase === "sent") {
      call(response, this.#sending, { method: "writeHead", args });
      return response;
    }
    // Other middleware that stands in for it, and HTTP/2, may not know a list.
    const own = this.#sending.writeHead === ServerResponse.prototype.writeHead;
    const atOnce = own && this.#phase === "open" && !this.#sessions.pending(this.#session);
    const whole = atOnce ? wholeHead(response, args) : undefined;
    if (whole !== undefined && this.#writeWhole(whole)) return response;
    absorbHead(response, args);
    this.#pass({ method: "writeHead", args: [response.statusCode] });
    return response;
  }

  /** @returns false when the commit has to be waited for after all, and nothing is written. @throws what Node throws */
  #writeWhole({ args, headers }: WholeHead): boolean {
    const committing = this.#commit();
    // Until Node has taken the head, another may be written: it must carry the same.
    this.#unsent = committing;
    if (isPromise(committing)) return false;
    this.#addTo(listLines(headers), committing);
    const { status, message } = statusLine(this.#response);
    try {
      call(this.#response, this.#sending, { method: "writeHead", args });
    } catch (error) {
      setStatusLine(this.#response, status, message);
      throw error;
    }
    this.#unsent = undefined;
    remember(this.#response, withSaid(this.#response, committing));
    this.#sent();
    return true;
  }

  #commit(): Awaitable<ResponseFields> {
    const unsent = this.#unsent;
    if (unsent === undefined) return this.#sessions.commit(this.#session);
    this.#unsent = undefined;
    return andThen(unsent, (before) =>
      andThen(this.#sessions.commit(this.#session), (fields) => mergeFields(before, fields)),
    );
  }

  #write(args: readonly unknown[]): boolean {
    if (this.#phase !== "sent") checkChunk(args[0]);
    const sent = this.#pass({ method: "write", args });
    if (sent === undefined) this.#needsDrain = true;
    return sent === true;
  }

  #end(args: readonly unknown[]): ServerResponse {
    const held: HeldCall = { method: "end", args };
    const first = !this.#ended;
    const late = first && this.#phase === "sent" && this.#afterError === undefined;
    const holds = late && this.#sessions.pending(this.#session);
    if (holds || this.#phase !== "sent") checkLastChunk(args[0]);
    if (holds) this.#holdEnd(held);
    else this.#pass(held);
    this.#ended = true;
    return this.#response;
  }

  #flushHeaders(): void {
    this.#pass({ method: "flushHeaders", args: [] });
  }

  /** Makes the call if the head has left or may leave now, else queues it and answers undefined. */
  #pass(held: HeldCall): unknown {
    if (this.#phase === "failed") this.#sendHead(this.#afterError ?? NO_FIELDS);
    else if (this.#phase === "open" && !this.#settle()) return undefined;
    if (this.#phase === "held") {
      this.#held.push(held);
      return undefined;
    }
    // A handler that goes on after its response was taken from it must not break the error's.
    if (this.#afterError !== undefined && this.#response.writableEnded) return true;
    return call(this.#response, this.#sending, held);
  }

  /** Commits. @returns false when that failed at once, and the call at hand is dropped. */
  #settle(): boolean {
    let committing: Awaitable<ResponseFields>;
    try {
      committing = this.#commit();
    } catch (error) {
      this.#fail(error);
      return false;
    }
    if (!isPromise(committing)) {
      this.#sendHead(committing);
      return true;
    }
    const line = statusLine(this.#response);
    const removeFace = this.#hold();
    this.#settled(committing).then(
      (fields) => {
        removeFace();
        setStatusLine(this.#response, line.status, line.message);
        this.#release(fields);
      },
      (error: unknown) => {
        removeFace();
        this.#fail(error);
      },
    );
    return true;
  }

  #hold(): () => void {
    this.#phase = "held";
    return wearFace(this.#response, { ended: () => this.#ended, needsDrain: () => this.#needsDrain });
  }

  async #settled(committing: Awaitable<ResponseFields>): Promise<ResponseFields> {
    let fields = await committing;
    for (let round = 1; round < MOST_ROUNDS && this.#sessions.pending(this.#session); round++) {
      fields = mergeFields(fields, await this.#sessions.commit(this.#session));
    }
    return fields;
  }

  #sendHead(fields: ResponseFields): void {
    if (!isEmpty(fields) || this.#retryLater) {
      this.#addTo(headerLines(this.#response), fields);
      remember(this.#response, withSaid(this.#response, fields));
    }
    this.#sent();
  }

  #addTo(lines: HeaderLines, fields: ResponseFields): void {
    addFields(fields, AFFINITY_HEADER, lines);
    if (this.#retryLater && lines.get("Retry-After") === undefined) lines.set("Retry-After", RETRY_AFTER);
  }

  #sent(): void {
    this.#phase = "sent";
    this.#sessions.headersSent(this.#session);
  }

  #release(fields: ResponseFields): void {
    const calls = this.#takeHeld();
    if (this.#closed) {
      this.#abandon(calls);
      return;
    }
    try {
      this.#sendHead(fields);
      this.#replay(calls);
    } catch (error) {
      if (this.#response.headersSent) this.#response.destroy(error as Error);
      else this.#fail(error);
    }
  }

  #replay(calls: readonly HeldCall[]): void {
    const wanted = this.#needsDrain;
    this.#needsDrain = false;
    let full = false;
    for (const held of calls) {
      // Our own `end` commits what was recorded since, and may hold back what follows.
      if (this.#phase === "held") this.#held.push(held);
      else if (held.method === "end" && !this.#response.writableEnded) {
        this.#ended = false;
        this.#end(held.args);
      } else if (call(this.#response, this.#sending, held) === false && held.method === "write") full = true;
    }
    // Node says `drain` itself when its own buffer was full.
    if (wanted && !full && !this.#ended) this.#response.emit("drain");
  }

  /** The body ends all the same when the commit fails: its head has promised nothing else. */
  #holdEnd(end: HeldCall): void {
    const removeFace = this.#hold();
    this.#held.push(end);
    const released = () => {
      removeFace();
      const calls = this.#takeHeld();
      if (this.#closed) return this.#abandon(calls);
      this.#phase = "sent";
      try {
        for (const held of calls) call(this.#response, this.#sending, held);
      } catch (error) {
        // Nobody called this who could catch it.
        this.#response.destroy(error as Error);
      }
    };
    void this.#commitLate().then(released);
  }

  #fail(error: unknown): void {
    try {
      this.#empty(error);
    } catch (failure) {
      // Somebody has sent the head past the gate.
      return void this.#response.destroy(failure as Error);
    }
    this.#tell(error);
  }

  /** Makes the response what it was before the handler had it, for the error path. */
  #empty(error: unknown): void {
    const response = this.#response;
    for (const source of this.#sources ?? []) source.unpipe(response);
    dropCalls(this.#takeHeld(), error instanceof Error ? error : new Error("the session was not committed"));
    restoreHeaders(response, this.#earlier);
    response.addTrailers({});
    setStatusLine(response, statusOf(error));
    this.#afterError = withSaid(response, this.#sessions.fieldsAfter(this.#session));
    this.#retryLater = asksToRetry(error);
    this.#ended = false;
    this.#needsDrain = false;
    this.#phase = "failed";
  }

  #takeHeld(): HeldCall[] {
    const calls = this.#held;
    this.#held = [];
    return calls;
  }

  /** Commits what a handler recorded and may never come to commit: its client has gone, or it has ended already. */
  #close(): void {
    this.#closed = true;
    if (this.#phase === "held" || this.#afterError !== undefined) return;
    if (this.#sessions.pending(this.#session)) void this.#commitLate();
  }

  /** The client has gone; what was recorded while its response was held stays. */
  #abandon(calls: readonly HeldCall[]): void {
    this.#phase = "sent";
    dropCalls(calls, disconnected());
    if (this.#sessions.pending(this.#session)) void this.#commitLate();
  }

  /** Once the head has left, a failure is the engine's event. It is thrown where the client went before that. */
  async #commitLate(): Promise<void> {
    try {
      await this.#sessions.commit(this.#session);
    } catch (error) {
      if (this.#closed) this.#tell(error);
    }
  }

  /** Nobody could catch what the error path throws. */
  #tell(error: unknown): void {
    listen(
      () => this.#onError(error),
      (failure) => void this.#response.destroy(failure as Error),
    );
  }
}

function disconnected(): Error {
  return Object.assign(new Error("the client has disconnected"), { code: "ERR_STREAM_DESTROYED" });
}
