import { open } from "node:fs/promises";
import {
  type Cancel,
  type Clock,
  consoleLogger,
  type Duration,
  type Logger,
  parseDuration,
  systemClock,
} from "@sojourn/core";
import type { AuditEntry, AuditSink } from "../audit.ts";
import { checkKeys, checkMethods, optionInvalid, wholeNumber } from "../option-check.ts";
import { type AppendFs, appendLines } from "./append.ts";
import { auditLine } from "./audit-line.ts";

export type { AppendFs, AppendHandle } from "./append.ts";

export interface AuditFileOptions {
  /** Entries that may wait for the file; while so many do, further ones are lost. @default 10000 */
  readonly maxWaiting?: number;
  /** After a failure the file is tried again this much later. @default "1s" */
  readonly retryAfter?: Duration;
  /** @default the console */
  readonly logger?: Logger;
  /** @default the system's */
  readonly clock?: Clock;
  /** @default node:fs/promises */
  readonly fs?: AppendFs;
}

/** An audit that is a file of JSON lines. */
export interface AuditFile extends AuditSink {
  /** Tries now to write what waits, whatever failed before. Resolves when that was tried; `waiting` tells what is left. */
  flush(): Promise<void>;
  /**
   * For the end of the process, after the last request: flushes; what cannot be written then, or comes later, is lost.
   * Never rejects. Calling it again does nothing more.
   */
  close(): Promise<void>;
  /** Entries that are not in the file yet. */
  readonly waiting: number;
  /** Entries that never will be. */
  readonly lost: number;
}

/** As many lines as one write takes at most. */
const BATCH = 1_000;

/**
 * Appends entries to the file at `path` as JSON lines, in order, off the request path. The file is created with mode
 * 0600 and must be readable; its folder must exist. Several processes may share it, and it may be moved or truncated at
 * any time: the next write makes a new one. Nothing is synced: a crash of the machine may cost the last entries.
 *
 * A full disk or a missing folder stops no request: entries wait, and it is tried again. When `maxWaiting` wait, further
 * ones are lost; once writing works again a line `{ at, type: "audit.lost", lost }` stands where they would have
 * stood. A line that was cut short by a full disk stays in the file as a fragment, on a line of its own, and whole
 * after it: skip what is no JSON.
 * @throws OPTIONS_INVALID DURATION_INVALID DURATION_OUT_OF_RANGE
 * @example
 * const audit = auditFile("/var/log/shop/audit.jsonl");
 * const sessions = createSessions({ store, audit });
 * process.once("SIGTERM", () => server.close(() => audit.close()));
 */
export function auditFile(path: string, options: AuditFileOptions = {}): AuditFile {
  if (typeof path !== "string" || path === "") throw optionInvalid("auditFile: path", "is no path", "name a file");
  checkKeys(options, ["maxWaiting", "retryAfter", "logger", "clock", "fs"], "auditFile: options");
  checkMethods(options.logger, ["error", "info"], "auditFile: logger");
  checkMethods(options.clock, ["now", "after"], "auditFile: clock");
  checkMethods(options.fs, ["open"], "auditFile: fs");
  const maxWaiting = wholeNumber(options.maxWaiting, "auditFile: maxWaiting", 1, 1_000_000) ?? 10_000;
  const retryMs = parseDuration(options.retryAfter ?? "1s", "auditFile: retryAfter", { minMs: 1 });
  const { logger = consoleLogger, clock = systemClock, fs = { open } } = options;

  const waiting: string[] = [];
  let lost = 0;
  /** Lost since the last line that tells of it. */
  let untold = 0;
  let writing: Promise<void> | undefined;
  let retry: Cancel | undefined;
  let failing = false;
  let closing: Promise<void> | undefined;
  let closed = false;

  function tellLost(): void {
    if (untold === 0) return;
    waiting.push(auditLine({ at: new Date(clock.now()).toISOString(), type: "audit.lost", lost: untold }));
    logger.error("audit entries were lost", { path, lost: untold });
    untold = 0;
  }

  async function writeAll(): Promise<void> {
    try {
      for (;;) {
        if (waiting.length === 0) tellLost();
        if (waiting.length === 0) return;
        const lines = waiting.slice(0, BATCH);
        const written = await appendLines(fs, path, lines);
        waiting.splice(0, written);
        if (written < lines.length) throw Object.assign(new Error("a part was written"), { code: "SHORT_WRITE" });
        if (failing) logger.info("the audit file can be written again", { path });
        failing = false;
      }
    } catch (error) {
      if (!failing) logger.error("the audit file cannot be written; entries wait", { path, error: reasonOf(error) });
      failing = true;
      if (closing === undefined) retry = clock.after(retryMs, write);
    } finally {
      // In the same turn as the last look at `waiting`: no entry comes between.
      writing = undefined;
    }
  }

  function write(): Promise<void> {
    retry?.();
    retry = undefined;
    writing ??= Promise.resolve().then(writeAll);
    return writing;
  }

  async function close(): Promise<void> {
    await write();
    untold += waiting.length;
    lost += waiting.splice(0).length;
    if (untold > 0) logger.error("audit entries were lost", { path, lost: untold });
    untold = 0;
    closed = true;
  }

  return Object.freeze({
    write(entry: AuditEntry) {
      const line = auditLine(entry);
      // The line that tells of lost ones takes a place too.
      if (closing !== undefined || waiting.length + Math.min(untold, 1) >= maxWaiting) {
        lost++;
        untold++;
        if (closed && untold === 1) logger.error("an audit entry came after the file was closed", { path });
        return;
      }
      tellLost();
      waiting.push(line);
      if (retry === undefined) void write();
    },
    flush: write,
    close() {
      closing ??= close();
      return closing;
    },
    get waiting() {
      return waiting.length;
    },
    get lost() {
      return lost;
    },
  });
}

/** A code where there is one: it says what is wrong with the file, and quotes nothing. */
function reasonOf(error: unknown): string {
  if (error instanceof Error) return "code" in error ? String(error.code) : error.name;
  return typeof error;
}
