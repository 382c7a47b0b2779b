import type { AddressInfo, Server } from "node:net";
import { SojournError } from "@sojourn/core";
import type { ListenAddress } from "./config.ts";

export type Role = "the listener" | "the admin API's address";

/** A place where something shall listen. */
export interface Wanted {
  readonly role: Role;
  readonly address: ListenAddress;
}

/** Something that listens. */
export interface Listening extends Wanted {
  readonly server: Server;
  /** The real address. */
  readonly bound: ListenAddress;
}

/** The next set of listeners, of which those that are new listen already. One of the two ends it. */
export interface Move {
  readonly next: readonly Listening[];
  /** Closes those that are wanted no more. */
  commit(): void;
  /** Closes those that are new. */
  abort(): void;
}

/**
 * Opens what is wanted and not open yet; all or nothing. What is open and still wanted stays untouched.
 * @throws ADDRESS_IN_USE ADDRESS_UNUSABLE and then nothing has changed.
 */
export async function moveListeners(
  current: readonly Listening[],
  wanted: readonly Wanted[],
  create: (wanted: Wanted) => Server,
  onError: (wanted: Wanted, error: Error) => void,
): Promise<Move> {
  const free = [...current];
  const places = wanted.map((place): Listening | Promise<Listening> => {
    const kept = free.findIndex((listening) => isAt(listening, place));
    const [listening] = kept === -1 ? [] : free.splice(kept, 1);
    return listening ?? open(place, create(place), onError);
  });
  const opening = places.filter((place) => place instanceof Promise);
  const results = await Promise.allSettled(opening);
  const opened = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const abort = () => opened.forEach(shut);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) {
    abort();
    throw failed.reason;
  }
  return { next: await Promise.all(places), commit: () => free.forEach(shut), abort };
}

/** Stops listening at once. Established connections go on; they belong to whoever accepted them. */
export function shut({ server }: Listening): void {
  server.close();
}

/** A listener that took a free port is also found by the port that it got. */
function isAt(listening: Listening, { role, address: { host, port } }: Wanted): boolean {
  const { address, bound } = listening;
  return listening.role === role && address.host === host && (address.port === port || bound.port === port);
}

function open(wanted: Wanted, server: Server, onError: (wanted: Wanted, error: Error) => void): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error) => reject(refusal(wanted, cause));
    const { host, port } = wanted.address;
    server.once("error", fail);
    server.listen(host === "*" ? { port } : { host, port }, () => {
      server.off("error", fail);
      // A connection that cannot be accepted (no more file descriptors) must not end the process.
      server.on("error", (error) => onError(wanted, error));
      const address = server.address() as AddressInfo;
      resolve({ ...wanted, server, bound: { host: address.address, port: address.port } });
    });
  });
}

function refusal({ role, address: { host, port } }: Wanted, cause: Error): SojournError {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const reason = "code" in cause ? String(cause.code) : cause.name;
  if (reason === "EADDRINUSE") return new SojournError("ADDRESS_IN_USE", { role, address }, { cause });
  return new SojournError("ADDRESS_UNUSABLE", { role, address, reason }, { cause });
}
