import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { consoleLogger, isSojournError } from "@sojourn/core";
import { errorAnswer } from "./error-answer.ts";
import { setStatusLine } from "./response-head.ts";

/** Tells the client the code, and the log what is not ours: its name and where it was thrown; its message may quote data. */
export function answerError(anyResponse: ServerResponse | Http2ServerResponse, error: unknown): void {
  const response = anyResponse as ServerResponse;
  if (!isSojournError(error)) {
    const name = error instanceof Error ? error.name : typeof error;
    consoleLogger.error("a request handler failed", { error: name, at: placeOf(error) });
  }
  // A handler that failed after its last word has answered.
  if (response.writableEnded) return;
  if (response.headersSent) return void response.destroy();
  const { status, headers, body } = errorAnswer(error);
  setStatusLine(response, status);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  return stack
    ?.split("\n")
    .find((line) => line.startsWith("    at "))
    ?.slice("    at ".length);
}
