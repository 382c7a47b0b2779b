import { headerText } from "../header-text.ts";
import type { SessionRequest } from "../http.ts";
import type { Trust } from "./trust.ts";

/** More proxies than anybody has one behind the other. */
const MAX_HOPS = 32;
/** Longer than any address, with port and zone. */
const MAX_ADDRESS_CHARS = 64;

/** How a request came here through trusted proxies. */
export interface Forwarded {
  /** The last address in X-Forwarded-For that is none of theirs, else the first that is. */
  readonly client: string;
  /** The trusted proxies that it passed, the peer among them. */
  readonly hops: number;
}

/**
 * Reads X-Forwarded-For from its end: what stands before the first untrusted address was written by the client. No
 * more is looked at than it takes, so a long header costs no more than a short one.
 * @returns undefined when no forwarding header of this request is to be believed: the peer is no trusted proxy, or more
 *   than `MAX_HOPS` of them are named, which nobody's proxies do.
 */
export function forwarded(request: SessionRequest, trusts: Trust): Forwarded | undefined {
  const { remoteAddress } = request;
  if (remoteAddress === undefined || !trusts(remoteAddress)) return undefined;
  const header = headerText(request, "x-forwarded-for");
  if (header === undefined) return { client: remoteAddress, hops: 1 };
  let end = header.length;
  for (let hops = 1; hops <= MAX_HOPS; hops++) {
    const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
    const client = header.slice(comma + 1, end).trim();
    if (client.length > MAX_ADDRESS_CHARS || !trusts(client)) return { client, hops };
    if (comma === -1) return { client, hops: hops + 1 };
    end = comma;
  }
  return undefined;
}

/**
 * What a list that every hop appends to, or replaces by its own, says at the outermost of `hops`: the entry so far from
 * the right, else the first. @returns undefined for an empty one.
 */
export function entryAt(header: string | undefined, hops: number): string | undefined {
  if (header === undefined) return undefined;
  let end = header.length;
  for (let left = hops; ; left--) {
    const comma = end === 0 ? -1 : header.lastIndexOf(",", end - 1);
    if (left === 1 || comma === -1) return header.slice(comma + 1, end).trim() || undefined;
    end = comma;
  }
}
