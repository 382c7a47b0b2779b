import { formatMoved } from "@sojourn/core";
import type { Conclusion, ConnectionFacts, PoolHandle, ServerHandle } from "../../decision.ts";
import type { Fields } from "../fields.ts";
import { isForwarding, KIND } from "../kinds.ts";
import type { RequestHead } from "../request-head.ts";
import { withoutCookies } from "./cookies.ts";

/**
 * First step, before anything decides on the request: drop `Sojourn-*` from every client, forwarding fields from
 * untrusted peers, spellings with underscores, what was meant for this hop, and Host, which is written from the head's
 * authority.
 */
export function dropForeign(head: RequestHead, peerTrusted: boolean): void {
  const { fields } = head;
  const { kinds, count } = fields;
  for (let i = 0; i < count; i++) {
    const kind = kinds[i] as number;
    if (kind === KIND.other || kind === KIND.cookie) continue;
    if (kind === KIND.contentLength) normaliseLength(fields, i);
    else if (isForwarding(kind)) {
      if (!peerTrusted) fields.drop(i);
    } else if (kind === KIND.expect) {
      if (!head.expectsContinue) fields.drop(i);
    } else if (kind !== KIND.cacheControl && kind !== KIND.setCookie) fields.drop(i);
  }
}

/** Leading zeros are read as octal by some; what leaves here is the one canonical spelling. */
export function normaliseLength(fields: Fields, i: number): void {
  const value = fields.value(i);
  if (value.length === 1 || !value.startsWith("0")) return;
  fields.drop(i);
  fields.add("Content-Length", String(Number(value)));
}

/** What one hop knows of the client, for the fields that say it. */
export interface Origin {
  readonly connection: ConnectionFacts;
  readonly peerTrusted: boolean;
  /** From X-Forwarded-For: the client and the trusted proxies after it; undefined: the peer is the client. */
  readonly chain: string | undefined;
}

/** Second step, once the pool is known: what the app must not see, and what it is told of the client. */
export function describeClient(head: RequestHead, pool: PoolHandle, origin: Origin): void {
  if (pool.hiddenCookies.length > 0) hideCookies(head, pool.hiddenCookies);
  if (pool.spec.profile.forwardedHeaders === "x-forwarded") addForwarded(head, origin);
}

function hideCookies(head: RequestHead, names: readonly string[]): void {
  const { fields } = head;
  for (let i = 0; i < fields.count; i++) {
    if (fields.kinds[i] !== KIND.cookie) continue;
    const given = fields.value(i);
    const left = withoutCookies(given, names);
    if (left === given) continue;
    fields.hide(i);
    if (left !== undefined) fields.add("Cookie", left);
  }
}

function addForwarded(head: RequestHead, { connection, peerTrusted, chain }: Origin): void {
  const { fields } = head;
  let proto: string | undefined;
  let host: string | undefined;
  let port: string | undefined;
  if (peerTrusted) {
    proto = fields.joined(KIND.forwardedProto, ",");
    host = fields.joined(KIND.forwardedHost, ",");
    port = fields.joined(KIND.forwardedPort, ",");
    for (let i = 0; i < fields.count; i++) if (isForwarding(fields.kinds[i] ?? KIND.other)) fields.hide(i);
  }
  fields.add("X-Forwarded-For", chain === undefined ? connection.peerAddress : `${chain}, ${connection.peerAddress}`);
  fields.add("X-Forwarded-Proto", proto === "http" || proto === "https" ? proto : head.scheme);
  const named = host !== undefined && /^[A-Za-z0-9._~:[\]-]{1,260}$/.test(host) ? host : head.authority;
  if (named !== "") fields.add("X-Forwarded-Host", named);
  const valid = port !== undefined && /^\d{1,5}$/.test(port);
  fields.add("X-Forwarded-Port", valid ? (port ?? "") : String(connection.localPort));
}

/** Last step, per attempt: what differs from server to server. Undo it with `fields.clearAdded(mark)`. */
export function addressServer(head: RequestHead, server: ServerHandle, conclusion: Conclusion): void {
  const { fields } = head;
  if (conclusion.moved !== undefined) fields.add("Sojourn-Moved", formatMoved(conclusion.moved));
  const { profile } = server.pool.spec;
  if (head.upgrade !== undefined) {
    fields.add("Connection", "Upgrade");
    fields.add("Upgrade", head.upgrade);
  } else if (!profile.reuseConnections) fields.add("Connection", "close");
}

/** Whether the client promises that the app tells a repetition from a new request. */
export function hasIdempotencyKey({ fields }: RequestHead): boolean {
  const key = fields.get("idempotency-key");
  return key !== undefined && key !== "";
}

/** The Host for this server: by profile, and the server's own where an HTTP/1.0 client sent none. */
export function hostFor(head: RequestHead, server: ServerHandle): string {
  const { hostHeader } = server.pool.spec.profile;
  if (hostHeader !== "client") return hostHeader.literal;
  if (head.authority !== "") return head.authority;
  const { host, port } = server.spec;
  return `${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}
