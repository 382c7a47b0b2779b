import type { ServerResponse } from "node:http";
import type { Awaitable } from "@sojourn/core";

/** A request that passed all protections. */
export interface AdminRequest {
  /** Values of the `:name` segments, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Names in lower case; the first value of each. */
  header(name: string): string | undefined;
  /** Parsed JSON; an empty body is `{}`. Undefined for reads. */
  readonly body: unknown;
}

export type AdminAnswer =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  | { readonly kind: "text"; readonly contentType: string; readonly text: string }
  /** Takes over the response; its protective headers are set already. */
  | { readonly kind: "stream"; start(response: ServerResponse): void };

/** One call of the API. Methods other than GET are changes and are protected as such. */
export interface AdminRoute {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Segments; those that begin with `:` are parameters. */
  readonly path: string;
  handle(request: AdminRequest): Awaitable<AdminAnswer>;
}

export function json(value: unknown, status = 200): AdminAnswer {
  return { kind: "json", status, value };
}
