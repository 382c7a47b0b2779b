import { isIP } from "node:net";
import { SojournError } from "@sojourn/core";
import type { ExplainQuestion } from "../engine/control.ts";

const HEADER = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e]*)$/;
const KNOWN = ["pool", "ip", "cookie", "header"];

/**
 * `pool=shop&ip=192.0.2.1&cookie=a=1; b=2&header=X-Session-ID: 7`. `header` may be repeated; `ip` defaults to
 * 127.0.0.1, `pool` to the only one.
 * @throws ADMIN_QUERY_INVALID
 */
export function readExplainQuery(query: URLSearchParams, pools: readonly string[]): ExplainQuestion {
  const refuse = (name: string, reason: string, allowed: string) =>
    new SojournError("ADMIN_QUERY_INVALID", { name, reason, allowed });
  for (const name of query.keys()) {
    if (!KNOWN.includes(name)) throw refuse(name, "it is not known", `use ${KNOWN.join(", ")}`);
  }
  const pool = query.get("pool") ?? (pools.length === 1 ? pools[0] : undefined);
  if (pool === undefined) throw refuse("pool", "there are several pools", `name one of ${pools.join(", ")}`);
  const clientAddress = query.get("ip") ?? "127.0.0.1";
  if (isIP(clientAddress) === 0) throw refuse("ip", "it is not an IP address", "write it as 192.0.2.1 or 2001:db8::1");
  const headers = new Map<string, string>();
  for (const text of query.getAll("header")) {
    const [, name, value] = HEADER.exec(text) ?? [];
    if (name === undefined || value === undefined) throw refuse("header", "it has no name", "write it as Name: value");
    const key = name.toLowerCase();
    if (!headers.has(key)) headers.set(key, value);
  }
  const cookie = query.getAll("cookie").join("; ");
  if (cookie !== "") headers.set("cookie", cookie);
  return { pool, clientAddress, headers: Object.fromEntries(headers) };
}
