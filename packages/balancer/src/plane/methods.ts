/** What forwarding needs to know of a method. */
export interface Method {
  readonly name: string;
  /** RFC 9110 §9.2.2: sending it twice has the effect of sending it once. */
  readonly idempotent: boolean;
  /** Refused with 405: a tunnel to anywhere, and an echo of what clients must not see. */
  readonly refused: boolean;
}

const rows = new Map<string, Method>();
for (const name of ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PROPFIND", "QUERY", "REPORT", "SEARCH"]) {
  rows.set(name, { name, idempotent: true, refused: false });
}
for (const name of [
  ...["POST", "PATCH", "ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL"],
  ...["M-SEARCH", "MOVE", "NOTIFY", "PROPPATCH", "PURGE", "REBIND", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK"],
  "UNSUBSCRIBE",
]) {
  rows.set(name, { name, idempotent: false, refused: false });
}
for (const name of ["CONNECT", "TRACE"]) rows.set(name, { name, idempotent: false, refused: true });

/** The methods that are forwarded, as for an `Allow` field. */
export const ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/** Case matters (RFC 9110 §9.1). @returns undefined for a method that nobody registered: 501. */
export function methodOf(name: string): Method | undefined {
  return rows.get(name);
}
