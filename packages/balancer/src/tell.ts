import type { MoveReason } from "@sojourn/core";

/** Something that happened in the plane. Names servers by identity, and no client. */
export type Happening =
  | {
      readonly kind: "server.up" | "server.down";
      readonly pool: string;
      readonly server: string;
      /** Whose opinion turned it. */
      readonly source: string;
      readonly reason: string;
    }
  | {
      readonly kind: "move";
      readonly pool: string;
      /** Absent: not known. */
      readonly from?: string;
      readonly to: string;
      readonly reason: MoveReason;
    };

/** Must not throw and must not wait. */
export type Tell = (happening: Happening) => void;
