import { defaultCrypto } from "#crypto";
import { type Clock, systemClock } from "./clock.ts";
import type { CryptoProvider } from "./crypto.ts";
import { SojournError } from "./errors/sojourn-error.ts";
import { printable } from "./printable.ts";
import { createSystemRandom, type Random } from "./random.ts";

/** Fields must hold no token, secret or session data; ids and keys are safe. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Everything that Sojourn takes from its surroundings. Hand in parts of it to replace them. */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly crypto: CryptoProvider;
  /** Keeps un-awaited work alive where the platform would freeze after the response; it must never reject. */
  waitUntil(work: Promise<unknown>): void;
}

/** Warnings and errors go to the console, the rest nowhere. */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message, fields) => console.warn(line(message, fields)),
  error: (message, fields) => console.error(line(message, fields)),
};

function line(message: string, fields: LogFields | undefined): string {
  if (fields === undefined) return message;
  const shown = Object.entries(fields).filter(([, value]) => value !== undefined);
  return [message, ...shown.map(([key, value]) => `${key}=${printable(String(value))}`)].join(" ");
}

/** What is called of each part. */
const METHODS = {
  clock: ["now", "monotonic", "after", "every"],
  random: ["bytes", "uint32"],
  logger: ["debug", "info", "warn", "error"],
  crypto: ["sha256", "sha256Base64Url", "hmacSha256", "aesGcmSeal", "aesGcmOpen"],
} as const;

/**
 * Completes a partial runtime with the system's clock, randomness, console and crypto.
 * @throws OPTIONS_INVALID for a part that lacks what is called of it.
 */
export function createRuntime(parts: Partial<Runtime> = {}): Runtime {
  checkParts(parts);
  const logger = parts.logger ?? consoleLogger;
  return Object.freeze({
    clock: parts.clock ?? systemClock,
    random: parts.random ?? createSystemRandom(),
    logger,
    crypto: parts.crypto ?? defaultCrypto,
    waitUntil:
      parts.waitUntil ??
      ((work: Promise<unknown>) => {
        work.catch((error: unknown) => logger.error("background work failed", { error: describe(error) }));
      }),
  });
}

/** What of the methods that are called of it `part` lacks; nothing where `part` is not given. */
export function missingMethod(name: keyof typeof METHODS, part: unknown): string | undefined {
  if (part === undefined) return undefined;
  const has = Object(part) as Readonly<Record<string, unknown>>;
  return METHODS[name].find((method) => typeof has[method] !== "function");
}

function checkParts(parts: Partial<Runtime>): void {
  const refuse = (where: string, what: string, how: string) =>
    new SojournError("OPTIONS_INVALID", { where, what, how });
  if (typeof parts !== "object" || parts === null)
    throw refuse("runtime", "is not an object", "give parts of a Runtime, or leave it out");
  for (const [name, methods] of Object.entries(METHODS)) {
    const missing = missingMethod(name as keyof typeof METHODS, parts[name as keyof typeof METHODS]);
    if (missing === undefined) continue;
    throw refuse(`runtime.${name}`, `has no method ${missing}`, `give one with ${methods.join(", ")}, or leave it out`);
  }
  if (parts.waitUntil !== undefined && typeof parts.waitUntil !== "function")
    throw refuse("runtime.waitUntil", "is not a function", "give one, or leave it out");
}

/** A code where there is one: messages of foreign errors may quote data. */
function describe(error: unknown): string {
  if (error instanceof Error) return "code" in error ? String(error.code) : error.name;
  return typeof error;
}
