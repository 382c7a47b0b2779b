import { SojournError } from "@sojourn/core";
import { checkNames } from "../option-check.ts";

/** What adapters call of `Sessions`. */
const CALLED = ["load", "pending", "commit", "fieldsAfter", "headersSent"];

function invalid(operation: string, argument: string, what: string, how: string, cause?: unknown): SojournError {
  return new SojournError("ARGUMENT_INVALID", { operation, argument, what, how }, { cause });
}

/** A mistake in the wiring is told of where it is made, not by the first request. @throws ARGUMENT_INVALID */
export function checkSessions(adapter: string, sessions: unknown): void {
  const has = Object(sessions) as Readonly<Record<string, unknown>>;
  if (CALLED.every((name) => typeof has[name] === "function")) return;
  throw invalid(adapter, "sessions", "is not what createSessions makes", "give createSessions({ store })");
}

/** @throws ARGUMENT_INVALID */
export function checkCallback(adapter: string, name: string, callback: unknown): void {
  if (typeof callback !== "function") throw invalid(adapter, name, "is not a function", "give one");
}

/** A response, of whichever implementation, that takes no headers and cannot be copied. */
export function responseUnusable(cause?: unknown): SojournError {
  const how = "give one whose body nobody has read";
  return invalid("commit", "response", "takes no headers and cannot be copied", how, cause);
}

/** @throws ARGUMENT_INVALID for what is no response, of whichever implementation, or is `Response.error()`. */
export function checkResponse(adapter: string, response: unknown): void {
  const { headers, type } = Object(response) as { readonly headers?: unknown; readonly type?: unknown };
  if (type === "error") throw invalid(adapter, "response", "is Response.error()", "give one with a status");
  if (typeof (Object(headers) as { readonly append?: unknown }).append === "function") return;
  throw invalid(adapter, "response", "is no Response", "give the one that the handler made");
}

/**
 * @throws ARGUMENT_INVALID unless `options` is an object and its `callback`, if it is there, a function.
 * @throws OPTIONS_INVALID for anything else in it.
 */
export function checkAdapterOptions(adapter: string, options: unknown, callback: string): void {
  if (typeof options !== "object" || options === null)
    throw invalid(adapter, "options", "is not an object", `give { ${callback} }, or leave it out`);
  const given = (options as Readonly<Record<string, unknown>>)[callback];
  if (given !== undefined) checkCallback(adapter, callback, given);
  checkNames(options, [callback], `${adapter}: options`);
}

/** @throws ARGUMENT_INVALID for what is no request of a Node server. */
export function checkNodeRequest(request: unknown): void {
  const { headers, socket } = Object(request) as { readonly headers?: unknown; readonly socket?: unknown };
  if (typeof headers === "object" && headers !== null && typeof socket === "object" && socket !== null) return;
  throw invalid("nodeRequest", "request", "is no request of a Node server", "give the one that the server was handed");
}
