import { SojournError } from "@sojourn/core";
import type { LoginFactsAsked } from "./home.ts";
import { checkKeys } from "./option-check.ts";
import type { LoginOptions } from "./session.ts";
import type { RevocationOptions } from "./sessions.ts";
import { isSessionKey } from "./token/token.ts";

const MAX_KEY_CHARS = 1_024;
const MAX_USER_CHARS = 512;
const MAX_LEVEL = 255;
/** Two different such texts would have the same bytes. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A public call got something that it cannot work with. */
export function argumentInvalid(
  operation: string,
  argument: string,
  what: string,
  how: string,
): SojournError<"ARGUMENT_INVALID"> {
  return new SojournError("ARGUMENT_INVALID", { operation, argument, what, how });
}

/** @throws ARGUMENT_INVALID */
export function checkDataKey(operation: string, key: unknown): void {
  if (typeof key !== "string" || key === "" || key.length > MAX_KEY_CHARS || key === "__proto__") {
    const how = `give a string of 1 to ${MAX_KEY_CHARS} characters other than __proto__`;
    throw argumentInvalid(operation, "key", "cannot name a value", how);
  }
}

/** @throws ARGUMENT_INVALID */
export function checkUserId(operation: string, userId: unknown): asserts userId is string {
  if (typeof userId !== "string" || userId === "" || userId.length > MAX_USER_CHARS || LONE_SURROGATE.test(userId)) {
    throw argumentInvalid(
      operation,
      "userId",
      "cannot name a user",
      `give a string of 1 to ${MAX_USER_CHARS} characters`,
    );
  }
}

/** @throws ARGUMENT_INVALID */
export function checkLevel(operation: string, level: unknown): void {
  if (typeof level !== "number" || !Number.isInteger(level) || level < 1 || level > MAX_LEVEL) {
    throw argumentInvalid(operation, "level", "is out of range", `give a whole number from 1 to ${MAX_LEVEL}`);
  }
}

/** @throws ARGUMENT_INVALID OPTIONS_INVALID */
export function checkLogin(userId: string, options: LoginOptions): LoginFactsAsked {
  checkUserId("login", userId);
  checkKeys(options, ["persistent", "level"], "login options");
  const { persistent, level = 1 } = options;
  if (persistent !== undefined && typeof persistent !== "boolean")
    throw argumentInvalid("login", "persistent", "is not true or false", "give one of them");
  checkLevel("login", level);
  return { userId, level, persistent };
}

/** @returns whether to wait. @throws ARGUMENT_INVALID OPTIONS_INVALID */
export function checkRevocation(options: RevocationOptions): boolean {
  checkKeys(options, ["wait"], "revokeUser options");
  const { wait = true } = options;
  if (typeof wait === "boolean") return wait;
  throw argumentInvalid("revokeUser", "wait", "is not true or false", "give one of them");
}

/** @throws ARGUMENT_INVALID */
export function checkId(operation: string, id: unknown): asserts id is string {
  if (!isSessionKey(id)) throw argumentInvalid(operation, "id", "is not a session's id", "give a session.id");
}

/** @throws ARGUMENT_INVALID */
export function checkListener(operation: string, listener: unknown): void {
  if (typeof listener !== "function") throw argumentInvalid(operation, "listener", "is not a function", "give one");
}
