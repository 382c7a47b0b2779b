import { createCookieWriter, SojournError } from "@sojourn/core";
import type { AffinitySpec } from "../../model.ts";
import type { Path } from "../shared/yaml-source.ts";
import { type Context, durationAt, invalid, label } from "./context.ts";
import type { AffinityFile } from "./schema.ts";

export const AFFINITY_COOKIE = "sojourn_affinity";
const RULES = ["cookie", "ip", "header", "app-cookie"] as const;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MIN_LIMIT = { minMs: 1_000 };

/** The rule of one pool. Absent: a session cookie called `sojourn_affinity`. */
export function readAffinity(context: Context, path: Path, given: AffinityFile | undefined): AffinitySpec {
  if (given === undefined || given === "cookie") return cookieAffinity(context, path, {});
  if (given === "none") return { kind: "none" };
  if (given === "ip") return { kind: "ip", prefixV4: 32, prefixV6: 64 };
  const chosen = RULES.filter((rule) => given[rule] !== undefined);
  if (chosen.length !== 1) {
    const what = chosen.length === 0 ? "says none of" : `says ${chosen.join(" and ")}, but takes one of`;
    refuse(context, path, `${label(path)} ${what} cookie, ip, header`, "keep exactly one of them");
    return { kind: "none" };
  }
  const [rule] = chosen;
  if (rule === "app-cookie") {
    const what = `${label(path)}: affinity by the application's own cookie (app-cookie)`;
    const at = context.source.spot(path, "app-cookie");
    context.problems.add("CONFIG_UNSUPPORTED", { what, how: "use cookie, ip or header" }, at);
    return { kind: "none" };
  }
  if (rule === "cookie") return cookieAffinity(context, path, given);
  for (const key of Object.keys(given)) {
    if (key === rule) continue;
    const what = `${label(path)}.${key} belongs to cookie affinity, and this one is by ${rule}`;
    context.problems.add("CONFIG_CONTRADICTION", { what, how: `remove ${key}` }, context.source.spot(path, key));
  }
  if (rule === "ip") return { kind: "ip", prefixV4: given.ip?.prefixV4 ?? 32, prefixV6: given.ip?.prefixV6 ?? 64 };
  const name = given.header ?? "";
  if (!FIELD_NAME.test(name)) {
    invalid(context, [...path, "header"], "which cannot be a header's name", "give a name such as X-Session-ID");
  }
  return { kind: "header", name };
}

function cookieAffinity(
  context: Context,
  path: Path,
  given: Exclude<AffinityFile, string>,
): Extract<AffinitySpec, { kind: "cookie" }> {
  const cookie = given.cookie ?? AFFINITY_COOKIE;
  const limit = (key: "maxAge" | "idle" | "absolute") =>
    given[key] === undefined ? undefined : durationAt(context, [...path, key], given[key], MIN_LIMIT.minMs, MIN_LIMIT);
  const maxAgeMs = limit("maxAge");
  const idleMs = limit("idle");
  const absoluteMs = limit("absolute");
  if (idleMs !== undefined && absoluteMs !== undefined && idleMs > absoluteMs) {
    refuse(context, [...path, "idle"], `${label(path)}.idle is longer than absolute`, "make idle the shorter one");
  }
  const attributes = {
    ...(given.domain === undefined ? {} : { domain: given.domain }),
    path: given.path ?? "/",
    secure: given.secure ?? false,
    httpOnly: given.httpOnly ?? true,
    sameSite: given.sameSite ?? ("lax" as const),
  };
  try {
    createCookieWriter(cookie, attributes);
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    context.problems.adopt(error, context.source.spot([...path, "cookie"]));
  }
  const stamp = {
    kind: "sojourn" as const,
    cookie,
    attributes,
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(idleMs === undefined ? {} : { idleMs }),
    ...(absoluteMs === undefined ? {} : { absoluteMs }),
    hidden: given.hidden ?? true,
    cachePrivate: given.cachePrivate ?? true,
  };
  return { kind: "cookie", formats: [stamp] };
}

function refuse(context: Context, path: Path, what: string, how: string): void {
  context.problems.add("CONFIG_CONTRADICTION", { what, how }, context.source.spot(path));
}
