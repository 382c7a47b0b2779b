import type { Outcome } from "../../decision.ts";

/** Why a connection could not be opened: the director's word and the system's. */
export interface ConnectFailure {
  readonly cause: Extract<Outcome, { kind: "connect-failed" }>["cause"];
  readonly code: string;
}

/** No ports, descriptors or memory are left on this machine. */
const OWN_FAULTS: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EAGAIN"]);
/** This machine has no way to such an address at all, as where IPv6 is off. */
const NO_WAY: ReadonlySet<string> = new Set(["EADDRNOTAVAIL", "ENETUNREACH", "EAFNOSUPPORT"]);

/** A name may have several addresses: then the error holds one for each of them. */
export function connectFailure(error: Error | undefined): ConnectFailure {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(codeOf).filter((code) => !NO_WAY.has(code));
    if (codes.length > 0 && codes.every((code) => code === "ECONNREFUSED")) return REFUSED;
  }
  const code = codeOf(error);
  if (code === "ECONNREFUSED") return error instanceof AggregateError ? { cause: "other", code } : REFUSED;
  return { cause: OWN_FAULTS.has(code) ? "own" : "other", code };
}

const REFUSED: ConnectFailure = { cause: "refused", code: "ECONNREFUSED" };

function codeOf(error: unknown): string {
  if (error === undefined) return "closed";
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "error";
}
