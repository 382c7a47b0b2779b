import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Place, SojournError } from "@sojourn/core";
import { readText } from "./files.ts";
import type { Io } from "./io.ts";

const DEFAULT_URL = "http://127.0.0.1:8081";
const PATIENCE_MS = 30_000;

/** One balancer's admin API. */
export interface AdminClient {
  readonly url: string;
  /** @throws ADMIN_UNREACHABLE ADMIN_REFUSED */
  call(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: unknown): Promise<unknown>;
}

export interface AdminOptions {
  readonly admin?: string;
  readonly adminTokenFile?: string;
}

/** @throws OPTION_INVALID FILE_UNREADABLE */
export async function createAdminClient(options: AdminOptions, io: Io): Promise<AdminClient> {
  const url = await baseUrl(options.admin, io);
  const token = options.adminTokenFile === undefined ? undefined : readText(options.adminTokenFile, io).trim();
  return {
    url,
    async call(method, path, body) {
      const response = await send(url, path, {
        method,
        headers: {
          Accept: "application/json",
          ...(method === "GET" ? {} : { "Content-Type": "application/json" }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
      });
      const text = await response.text();
      if (response.ok) return text === "" ? undefined : parse(text, url, response.status);
      throw refusal(url, response.status, text);
    },
  };
}

async function baseUrl(given: string | undefined, io: Io): Promise<string> {
  const text = given ?? (await configured(io)) ?? DEFAULT_URL;
  try {
    const url = new URL(text);
    if (url.protocol === "http:" || url.protocol === "https:") return url.origin;
  } catch {
    // said below
  }
  const reason = "it is no http URL";
  throw new SojournError("OPTION_INVALID", {
    option: "--admin",
    value: text,
    reason,
    how: `write it like ${DEFAULT_URL}`,
  });
}

/** What the sojourn.yaml of this folder says, if there is one that can be read. */
async function configured(io: Io): Promise<string | undefined> {
  const file = join(io.cwd, "sojourn.yaml");
  if (!existsSync(file)) return undefined;
  // Its variables and keys are none of our business here: an undefined one must not stop an operator.
  const env = new Proxy<Record<string, string>>({}, { get: (_, name) => io.env[String(name)] ?? "unset" });
  const { parseConfig } = await import("@sojourn/balancer");
  try {
    const { admin } = parseConfig(readFileSync(file, "utf8"), { file, env });
    if (admin === undefined || admin.port === 0) return undefined;
    const host = admin.host === "*" ? "127.0.0.1" : admin.host;
    return `http://${host.includes(":") ? `[${host}]` : host}:${admin.port}`;
  } catch {
    return undefined;
  }
}

async function send(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url + path, { ...init, redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const reason = cause instanceof Error ? ("code" in cause ? String(cause.code) : cause.message) : String(cause);
    throw new SojournError("ADMIN_UNREACHABLE", { url, reason }, { cause: error });
  }
}

function parse(text: string, url: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const how = "is it the admin address of a Sojourn balancer, not the port that it serves?";
    throw new SojournError("ADMIN_REFUSED", { url, status, reason: "that is no JSON", how });
  }
}

/** The API names its errors as we do: code, what is wrong and how to mend it are passed on. */
function refusal(url: string, status: number, text: string): SojournError {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  const [code, what, mend] = ["code", "what", "mend"].map((name) => field(body, name));
  const reason = code === undefined ? "it did not say why" : `${code}: ${what}`;
  const how = mend ?? "is it a Sojourn balancer's admin API?";
  const place = placeOf(body);
  return new SojournError("ADMIN_REFUSED", { url, status, reason, how }, place === undefined ? {} : { place });
}

/** Where in the balancer's file, if that is what is wrong. */
function placeOf(body: unknown): Place | undefined {
  const { file, line, column } = ((body ?? {}) as { place?: Partial<Record<keyof Place, unknown>> }).place ?? {};
  if (typeof file !== "string" || typeof line !== "number" || typeof column !== "number") return undefined;
  return { file, line, column };
}

function field(value: unknown, name: string): string | undefined {
  const found = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  return typeof found === "string" ? found : undefined;
}
