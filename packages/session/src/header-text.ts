import { SojournError } from "@sojourn/core";
import type { SessionRequest } from "./http.ts";

/** @throws ARGUMENT_INVALID for a request whose `header` answers null, a list or anything else that is no text. */
export function headerText(request: SessionRequest, name: string): string | undefined {
  const value: unknown = request.header(name);
  if (value === undefined || typeof value === "string") return value;
  throw new SojournError("ARGUMENT_INVALID", {
    operation: "load",
    argument: `request.header("${name}")`,
    what: "is not a text",
    how: "answer one text, or undefined where there is no such header",
  });
}
