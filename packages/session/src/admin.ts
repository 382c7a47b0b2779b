import type { SessionInfo } from "./sessions.ts";
import type { SessionState } from "./state.ts";

/** What can be done to sessions from outside a request. */
export interface SessionAdmin {
  list(userId: string, currentId: string | undefined): Promise<readonly SessionInfo[]>;
  end(id: string): Promise<boolean>;
  endOthers(state: SessionState): Promise<number>;
  revokeUser(userId: string): Promise<number>;
  revokeAll(): Promise<number>;
  sweep(limit: number): Promise<number>;
  onEnd(id: string, listener: () => void): () => void;
}
