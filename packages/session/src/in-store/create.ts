import { formatDuration, SojournError, toBase64Url } from "@sojourn/core";
import type { Held } from "../held.ts";
import { deadlineAt } from "../policy.ts";
import { encodeRecord, type SessionRecord } from "../record/record.ts";
import { lifetimesOf } from "../settings/settings.ts";
import { commitDeadline, type StoreParts, settled } from "./parts.ts";
import { settleWrite } from "./settle.ts";

/**
 * Writes a session that did not exist. Its token has not left, so whatever fails here can be used by nobody.
 * @throws SESSION_COMMIT_UNKNOWN SESSION_STORE_DOWN SESSION_CONTENDED
 */
export async function createRecord(
  parts: StoreParts,
  key: string,
  record: SessionRecord,
  nowMs: number,
): Promise<Held> {
  const { runtime, settings, vault } = parts;
  const { idleMs } = lifetimesOf(settings, record.persistent);
  const expiresAtMs = deadlineAt(nowMs, idleMs, record.absoluteEndMs);
  const version = toBase64Url(runtime.random.bytes(12));
  const bytes = await settled(vault.seal(key, encodeRecord(record)));
  const written = await settleWrite(parts, key, { bytes, version, expiresAtMs }, "absent", commitDeadline(parts));
  if (written.status !== "done") {
    // Somebody else's record under a fresh 128-bit name: a broken random source, never adopted.
    throw new SojournError("SESSION_CONTENDED", { waited: formatDuration(0) });
  }
  return { key, record, version, expiresAtMs };
}
