import { isSojournError } from "@sojourn/core";
import type { DeviceInfo, FoundSession, SessionInfo } from "@sojourn/session";
import { livingIds, readRaw } from "./living-keys.ts";
import type { OpenSessions } from "./open-sessions.ts";

/** A session as `sojourn sessions list` tells of it. Without keys only the first three are known. */
export interface SessionRow {
  readonly id: string;
  readonly expiresAt: string;
  /** Whether its record could be opened. */
  readonly opened: boolean;
  /** null: nobody is logged in. */
  readonly userId?: string | null;
  readonly createdAt?: string;
  readonly level?: number;
  readonly persistent?: boolean;
  /** null: not known. */
  readonly device?: DeviceInfo | null;
}

export interface SessionRows {
  readonly sessions: readonly SessionRow[];
  /** There are more than were asked for. */
  readonly more: boolean;
}

/** Reads at a time. */
const AT_ONCE = 16;

/** @param seen is told how many have been read. */
export async function rowsOfAll(
  open: OpenSessions,
  limit: number,
  seen: (count: number) => void,
): Promise<SessionRows> {
  const sessions: SessionRow[] = [];
  for await (const ids of livingIds(open)) {
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      if (sessions.length > limit) break;
      const some = ids.slice(from, from + AT_ONCE);
      const rows = await Promise.all(some.map((id) => rowOf(open, id)));
      sessions.push(...rows.flatMap((row) => row ?? []));
      seen(some.length);
    }
    if (sessions.length > limit) break;
  }
  return { sessions: sessions.slice(0, limit), more: sessions.length > limit };
}

export async function rowsOfUser({ sessions }: OpenSessions, userId: string, limit: number): Promise<SessionRows> {
  const found = await sessions.list(userId);
  return { sessions: found.slice(0, limit).map((each) => opened(each, userId)), more: found.length > limit };
}

/** @returns undefined for one that has ended meanwhile, and for what is no session to the app either. */
async function rowOf(open: OpenSessions, id: string): Promise<SessionRow | undefined> {
  if (!open.opens) return unopened(open, id);
  try {
    const found: FoundSession | undefined = await open.sessions.find(id);
    return found && opened(found, found.userId);
  } catch (error) {
    if (!isSojournError(error, "SESSION_KEY_UNKNOWN")) throw error;
    return unopened(open, id);
  }
}

async function unopened(open: OpenSessions, id: string): Promise<SessionRow | undefined> {
  const stored = await readRaw(open, id);
  return stored && { id, expiresAt: new Date(stored.expiresAtMs).toISOString(), opened: false };
}

function opened(info: Omit<SessionInfo, "current">, userId: string | undefined): SessionRow {
  const { id, createdAt, expiresAt, level, persistent, device } = info;
  return {
    id,
    expiresAt: expiresAt.toISOString(),
    opened: true,
    userId: userId ?? null,
    createdAt: createdAt.toISOString(),
    level,
    persistent,
    device: device ?? null,
  };
}
