import { type ErrorCode, type ErrorParams, SojournError } from "@sojourn/core";
import { Fields } from "../fields.ts";
import { ALLOWED_METHODS } from "../methods.ts";
import type { Refusal } from "../refusals.ts";

/** A response of the plane's own. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Buffer;
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  417: "Expectation Failed",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/** Short plain text with the error's code; never a stack, an address or a server's name. */
export function answerOf<Code extends ErrorCode>(code: Code, params: ErrorParams<Code>): Answer {
  const error = new SojournError(code, params);
  const body = Buffer.from(`${error.message}\n`);
  const pairs: [string, string][] = [
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(body.length)],
    ["Cache-Control", "no-store"],
  ];
  if (error.status === 405) pairs.push(["Allow", ALLOWED_METHODS]);
  if (error.status === 503) pairs.push(["Retry-After", "1"]);
  return { status: error.status, reason: REASONS[error.status] ?? "Error", fields: Fields.of(pairs), body };
}

const refusals = new Map<Refusal, Answer>();

/** The answer to a request that cannot be taken; made once for each reason. */
export function refusalAnswer(refusal: Refusal): Answer {
  let answer = refusals.get(refusal);
  if (answer === undefined) {
    answer = answerOf(refusal.code, { reason: refusal.reason });
    refusals.set(refusal, answer);
  }
  return answer;
}
