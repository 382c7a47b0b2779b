import { isSojournError, SojournError } from "@sojourn/core";
import { createSessions, type SessionEvent, type Sessions } from "@sojourn/session";
import type { Context } from "../context.ts";
import { clientLoader } from "./client-package.ts";
import { appKeys } from "./find-keys.ts";
import type { PlaceFlags, StoreConnection, StoreKind } from "./store-kind.ts";
import { kindOf } from "./store-kinds.ts";
import { readStoreUrl, type StoreUrl, withoutSecrets } from "./store-url.ts";

export interface StoreFlags extends PlaceFlags {
  /** Absent: SOJOURN_STORE. */
  readonly store?: string;
  readonly keys?: string;
  /** Records may be there that are not sealed. */
  readonly plain?: boolean;
}

export interface OpenStore extends Pick<StoreConnection, "store" | "migrate"> {
  readonly kind: StoreKind;
  /** Where it is, without secrets. */
  readonly shown: string;
}

export interface OpenSessions extends OpenStore {
  readonly sessions: Sessions;
  /** Whether records can be opened: keys were given, or all is plain. */
  readonly opens: boolean;
}

/** No server is so slow to greet that works. */
const CONNECT_MS = 10_000;
/** A person waits longer than a request does. */
const STORE_DEADLINE = "20s";

/** Which store the flags name; nothing is asked yet. @throws OPTION_INVALID OPTION_CONFLICT USAGE */
export function chosenStore(flags: StoreFlags, { io }: Context) {
  const { store: text = io.env.SOJOURN_STORE ?? "", table, schema, prefix } = flags;
  if (text === "") {
    throw new SojournError("USAGE", { what: "no store was named", how: "add --store URL, or set SOJOURN_STORE" });
  }
  const url = readStoreUrl(text);
  const place: PlaceFlags = {
    ...(table !== undefined && { table }),
    ...(schema !== undefined && { schema }),
    ...(prefix !== undefined && { prefix }),
  };
  return { url, place, kind: kindOf(url, place) };
}

/**
 * Runs `work` on the store that the flags name, and closes it whatever comes of that.
 * @throws STORE_UNREACHABLE STORE_CLIENT_MISSING STORE_OPEN_FAILED STORE_OPTION_INVALID, and what `chosenStore` throws
 */
export async function withStore<T>(
  flags: StoreFlags,
  context: Context,
  work: (open: OpenStore) => Promise<T>,
): Promise<T> {
  const { url, place, kind } = chosenStore(flags, context);
  const connection = await kind.open({ url, place, cwd: context.io.cwd, load: clientLoader(context.io.cwd) });
  try {
    await connected(connection, url, context);
    return await work({ ...connection, kind, shown: url.shown });
  } catch (error) {
    throw told(error);
  } finally {
    // A server that has gone meanwhile is told of already.
    await connection.close().catch(() => {});
  }
}

/** As `withStore`, with sessions over it. @param heard of what happens to sessions. */
export function withSessions<T>(
  flags: StoreFlags,
  context: Context,
  work: (open: OpenSessions) => Promise<T>,
  heard: (event: SessionEvent) => void = () => {},
): Promise<T> {
  const found = appKeys(flags.keys, context);
  return withStore(flags, context, (open) => {
    const sessions = createSessions({
      store: open.store,
      // Without keys nothing sealed opens, and `plain` asks for none.
      ...(found === undefined ? { atRest: "plain" } : { keys: found.keys, acceptPlain: flags.plain ?? false }),
      storeDeadline: STORE_DEADLINE,
      env: {},
      runtime: context.runtime,
      onEvent: heard,
    });
    return work({ ...open, sessions, opens: found !== undefined || flags.plain === true });
  });
}

async function connected(connection: StoreConnection, url: StoreUrl, { runtime }: Context): Promise<void> {
  let stop = () => {};
  const late = new Promise<never>((_, reject) => {
    stop = runtime.clock.after(CONNECT_MS, () => reject(new Error("it did not answer in time")));
  });
  try {
    await Promise.race([connection.connect(), late]);
  } catch (error) {
    // Without its cause: clients hang settings onto their errors.
    throw unreachable(error, url);
  } finally {
    stop();
  }
}

function unreachable(error: unknown, url: StoreUrl): SojournError {
  return new SojournError("STORE_UNREACHABLE", { url: url.shown, reason: withoutSecrets(reasonOf(error), url) });
}

/** Node tells of several addresses of one host by an error without a text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return error.message !== "" ? error.message : "code" in error ? String(error.code) : error.name;
}

/** To a person at a shell the store's own error says more than that the store is down. */
function told(error: unknown): unknown {
  const { cause } = Object(error) as { cause?: unknown };
  return isSojournError(error, "SESSION_STORE_DOWN") && isSojournError(cause) ? told(cause) : error;
}
