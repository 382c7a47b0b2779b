/** What the plane reports as it happens, for logs and metrics. Nothing is made when nobody listens. */
export type PlaneEvent =
  /** A client broke the protocol or a limit. */
  | { readonly kind: "refused"; readonly peerAddress: string; readonly status: number; readonly reason: string }
  /** An attempt failed. `code` is a system error code (ECONNREFUSED) or what was wrong with the response. */
  | { readonly kind: "server-failed"; readonly pool: string; readonly server: string; readonly code: string };

export type PlaneListener = (event: PlaneEvent) => void;
