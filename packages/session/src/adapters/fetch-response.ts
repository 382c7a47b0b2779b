import { AFFINITY_HEADER } from "@sojourn/core";
import type { ResponseFields } from "../http.ts";
import { errorAnswer } from "./error-answer.ts";
import { addFields, type HeaderLines, isEmpty } from "./fields.ts";

/** The headers of redirects and of responses that were fetched cannot be changed, so those are copied. */
export function withFields(response: Response, fields: ResponseFields): Response {
  if (isEmpty(fields)) return response;
  try {
    addFields(fields, AFFINITY_HEADER, lines(response.headers));
    return response;
  } catch {
    const copy = new Response(response.body, response);
    addFields(fields, AFFINITY_HEADER, lines(copy.headers));
    return copy;
  }
}

function lines(headers: Headers): HeaderLines {
  return {
    get: (name) => headers.get(name) ?? undefined,
    set: (name, value) => headers.set(name, value),
    append: (name, value) => headers.append(name, value),
  };
}

export function errorResponse(error: unknown): Response {
  const { status, headers, body } = errorAnswer(error);
  return new Response(body, { status, headers });
}
