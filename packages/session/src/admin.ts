import type { Held } from "./held.ts";
import type { FoundSession, SessionInfo } from "./sessions.ts";
import type { SessionState } from "./state.ts";

/** What can be done to sessions from outside a request. */
export interface SessionAdmin {
  list(userId: string, currentId: string | undefined): Promise<readonly SessionInfo[]>;
  find(id: string): Promise<FoundSession | undefined>;
  end(id: string): Promise<boolean>;
  endOthers(state: SessionState): Promise<number>;
  /** @param wait until no near copy of what has ended may be believed. */
  revokeUser(userId: string, wait: boolean): Promise<number>;
  revokeAll(): Promise<number>;
  sweep(limit: number): Promise<number>;
  /** @param held the session, where a request has it. */
  onEnd(id: string, listener: () => void, held?: Held): () => void;
}
