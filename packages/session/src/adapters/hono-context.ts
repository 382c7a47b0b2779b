import { RETRY_AFTER } from "@sojourn/core";
import type { ResponseFields } from "../http.ts";
import { asksToRetry, statusOf } from "./error-answer.ts";
import { withFields } from "./fetch-response.ts";

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  get res(): Response;
  set res(response: Response | undefined);
  status(code: number): void;
  newResponse(data: null): Response;
}

/** Assigning alone would put the headers of the old response over those of the new one. */
export function replaceResponse(c: HonoContext, response: Response): void {
  c.res = undefined;
  c.res = response;
}

/**
 * Leaves the error path an empty response whose headers it adds to. Hono's own error handler answers with what errors
 * bring along, by `getResponse`. @returns what to throw
 */
export function refused(c: HonoContext, error: unknown, earlier: Headers, fields: ResponseFields): unknown {
  const blank = withFields(new Response(null, { headers: earlier }), fields);
  if (asksToRetry(error)) blank.headers.set("Retry-After", RETRY_AFTER);
  replaceResponse(c, blank);
  c.status(statusOf(error));
  return error;
}
