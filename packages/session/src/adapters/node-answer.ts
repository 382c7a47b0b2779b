import type { ServerResponse } from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { consoleLogger, isSojournError } from "@sojourn/core";
import { errorAnswer } from "./error-answer.ts";

/** Tells the client the code, and the log the name of what is not ours. */
export function answerError(anyResponse: ServerResponse | Http2ServerResponse, error: unknown): void {
  const response = anyResponse as ServerResponse;
  if (!isSojournError(error)) {
    consoleLogger.error("a request handler failed", { error: error instanceof Error ? error.name : typeof error });
  }
  if (response.headersSent) return void response.destroy();
  const { status, headers, body } = errorAnswer(error);
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}
