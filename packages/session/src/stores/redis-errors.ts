import { SojournError } from "@sojourn/core";

export const REDIS_STORE = "redisStore";

/** The server's own code for a command that it did not carry out. */
const REFUSED =
  /(?:^| -)(OOM|READONLY|MISCONF|NOREPLICAS|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOPERM|NOAUTH|WRONGPASS|BUSY)\b/;
/** Another program keeps a list, a hash or the like under the key. Nothing has been done to it. */
const FOREIGN = /(?:^| -)WRONGTYPE\b/;
/** Error replies begin with a code; what the clients say themselves does not. */
const REPLY = /^[A-Z][A-Z0-9]+(?= |$)/;

/** The script is not in the server's cache, where nothing lasts: not restarts, fail-overs or SCRIPT FLUSH. */
export function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

/** The server has turned out to be, or to have become, a replica. */
export function isReadOnly(error: unknown): boolean {
  return error instanceof SojournError && error.code === "STORE_REFUSED" && error.params.reason === "READONLY";
}

/**
 * Of an error reply only the code is kept: its text may quote the command, ioredis hangs the command onto it, and with
 * it come key and content.
 * @returns STORE_REFUSED STORE_RECORD_UNREADABLE when certainly nothing was done, STORE_FAILED otherwise
 */
export function redisFailure(operation: string, error: unknown): SojournError {
  if (error instanceof SojournError) return error;
  const message = error instanceof Error ? error.message : typeof error;
  const [, refused] = REFUSED.exec(message) ?? [];
  if (refused !== undefined) {
    return new SojournError("STORE_REFUSED", { store: REDIS_STORE, operation, reason: refused });
  }
  if (FOREIGN.test(message)) {
    const reason = "another program has written it";
    return new SojournError("STORE_RECORD_UNREADABLE", { store: REDIS_STORE, reason });
  }
  const [reply] = REPLY.exec(message) ?? [];
  if (reply !== undefined) {
    return new SojournError("STORE_FAILED", { store: REDIS_STORE, operation, reason: reply });
  }
  const params = { store: REDIS_STORE, operation, reason: message };
  return new SojournError("STORE_FAILED", params, { cause: error });
}
