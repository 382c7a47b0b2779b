/** Ids of a session's last commits, one behind the other, newest first: one array, because every read decodes it. */
export type CommitIds = Uint8Array;

export const COMMIT_ID_BYTES = 8;
export const MAX_COMMITS = 8;
export const NO_COMMITS: CommitIds = new Uint8Array(0);

export function hasCommit(ids: CommitIds, id: Uint8Array): boolean {
  for (let at = 0; at < ids.length; at += COMMIT_ID_BYTES) {
    if (id.every((byte, i) => byte === ids[at + i])) return true;
  }
  return false;
}

/** The oldest goes where there are too many. */
export function addCommit(ids: CommitIds, id: Uint8Array): CommitIds {
  const kept = Math.min(ids.length, (MAX_COMMITS - 1) * COMMIT_ID_BYTES);
  const more = new Uint8Array(COMMIT_ID_BYTES + kept);
  more.set(id);
  more.set(ids.subarray(0, kept), COMMIT_ID_BYTES);
  return more;
}
