import { SojournError } from "@sojourn/core";
import { z } from "zod";
import type { ServerSpec } from "../model.ts";

const drainBody = z.strictObject({ deadlineMs: z.int().min(0).max(31_536_000_000).optional() });
const emptyBody = z.strictObject({});
const serverBody = z.strictObject({
  url: z.string().max(2_048),
  weight: z.int().min(0).max(1_000).default(1),
  maxConnections: z.int().min(0).max(1_000_000).default(0),
  backup: z.boolean().default(false),
});

const SERVER_NAME = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Of `drain`. @throws ADMIN_BODY_INVALID */
export function readDrainBody(body: unknown): { readonly deadlineMs?: number } {
  const { deadlineMs } = check(drainBody, body, 'send {} or {"deadlineMs": 60000}');
  return deadlineMs === undefined ? {} : { deadlineMs };
}

/** Of calls that take nothing. @throws ADMIN_BODY_INVALID */
export function readEmptyBody(body: unknown): void {
  check(emptyBody, body, "send {} or no body");
}

/** Of `PUT …/servers/{name}`: as a server in sojourn.yaml. @throws ADMIN_BODY_INVALID */
export function readServerBody(name: string, body: unknown): ServerSpec {
  const allowed = 'send for example {"url": "http://10.0.0.13:3000", "weight": 1}';
  if (!SERVER_NAME.test(name)) {
    const reason = "the server's name must be letters, digits and . _ : - only, at most 128";
    throw new SojournError("ADMIN_BODY_INVALID", { reason, allowed });
  }
  const { url: text, ...rest } = check(serverBody, body, allowed);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url !== undefined && url.pathname === "/" && `${url.search}${url.hash}${url.username}` === "";
  if (url?.protocol !== "http:" || !plain) {
    throw new SojournError("ADMIN_BODY_INVALID", { reason: "url must be http://HOST:PORT", allowed });
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 80 : Number(url.port);
  return { name, identity: name, scheme: "http", host, port, state: "enabled", ...rest };
}

function check<T>(schema: z.ZodType<T>, body: unknown, allowed: string): T {
  const checked = schema.safeParse(body);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const at = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new SojournError("ADMIN_BODY_INVALID", {
    reason: `${at}${issue?.message ?? "it has the wrong shape"}`,
    allowed,
  });
}
