import { answerOf, type ErrorAnswer, isSojournError } from "@sojourn/core";

/** Whether `error` is answered 503 and may be tried again. */
export function asksToRetry(error: unknown): boolean {
  return isSojournError(error) && error.retryable && error.status === 503;
}

export function statusOf(error: unknown): number {
  return isSojournError(error) ? error.status : 500;
}

/** Of an error that is none of ours not even the name is told. */
export function errorAnswer(error: unknown): ErrorAnswer {
  return answerOf(isSojournError(error) ? error : { code: "INTERNAL_ERROR", status: 500, retryable: false });
}
