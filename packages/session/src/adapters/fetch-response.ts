import { AFFINITY_HEADER, isPromise } from "@sojourn/core";
import type { ResponseFields } from "../http.ts";
import type { Session } from "../session.ts";
import type { Sessions } from "../sessions.ts";
import { responseUnusable } from "./check.ts";
import { errorAnswer } from "./error-answer.ts";
import { addFields, type HeaderLines, isEmpty } from "./fields.ts";
import { remember, withSaid } from "./said.ts";

/**
 * Adds to the response, or to a copy where that may not be: the headers of redirects and of responses that were fetched
 * cannot be changed, and a response without a body may be a constant that is answered to everybody.
 */
export function withFields(response: Response, fields: ResponseFields): Response {
  if (isEmpty(fields)) return response;
  const all = withSaid(response, fields);
  let answered: Response;
  try {
    answered = addTo(response, fields);
  } catch (error) {
    // What is committed is true: the error's response has to tell of it.
    remember(response, all);
    throw responseUnusable(error);
  }
  remember(answered, all);
  return answered;
}

function addTo(response: Response, fields: ResponseFields): Response {
  // What upgrades a connection cannot be made anew.
  if (response.body === null && response.status >= 200) return copyWith(response, fields);
  try {
    addFields(fields, AFFINITY_HEADER, lines(response.headers));
    return response;
  } catch {
    return copyWith(response, fields);
  }
}

function copyWith(response: Response, fields: ResponseFields): Response {
  const copy = new Response(response.body, response);
  addFields(fields, AFFINITY_HEADER, lines(copy.headers));
  return copy;
}

function lines(headers: Headers): HeaderLines {
  return {
    get: (name) => headers.get(name) ?? undefined,
    set: (name, value) => headers.set(name, value),
    append: (name, value) => headers.append(name, value),
  };
}

/** Commits, and adds to the response what the session has to say. */
export async function commitOnto<Data extends object>(
  response: Response,
  sessions: Sessions<Data>,
  session: Session<Data>,
): Promise<Response> {
  const committing = sessions.commit(session);
  const answered = withFields(response, isPromise(committing) ? await committing : committing);
  sessions.headersSent(session);
  return answered;
}

export function errorResponse(error: unknown): Response {
  const { status, headers, body } = errorAnswer(error);
  return new Response(body, { status, headers });
}
