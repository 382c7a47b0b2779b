import { SojournError } from "@sojourn/core";
import { checkNames } from "../option-check.ts";

export interface HeaderNames {
  /**
   * The request header that holds the token. In `Authorization` it stands behind `Bearer`, in any other alone.
   * @default "Authorization"
   */
  readonly request?: string;
  /** The response header that gives the client a new token, and is empty when there is none any more. @default "Session-Token" */
  readonly response?: string;
}

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/;
/** Their meaning is another. */
const TAKEN = /^(?:cookie|set-cookie|host|content-.*|transfer-encoding|connection|sojourn-.*)$/i;

/** @throws OPTIONS_INVALID */
export function headerNames(who: string, options: HeaderNames): Required<HeaderNames> {
  if (typeof options !== "object" || options === null)
    throw new SojournError("OPTIONS_INVALID", { where: who, what: "is not given options", how: "give an object" });
  checkNames(options, ["request", "response"], who);
  const { request = "Authorization", response = "Session-Token" } = options;
  for (const [option, value] of Object.entries({ request, response })) {
    if (typeof value === "string" && NAME.test(value) && !TAKEN.test(value)) continue;
    const how = "give one like X-Session, of letters, digits and hyphens, that means nothing else";
    throw new SojournError("OPTIONS_INVALID", {
      where: `${who}.${option}`,
      what: "is no name of a header of its own",
      how,
    });
  }
  return { request, response };
}

const BEARER = /^bearer +([^\s,]+)$/i;

/** What `Authorization: Bearer …`, or another header of its own, holds. */
export function readHeader(value: string | undefined, name: string): string | undefined {
  if (value === undefined) return undefined;
  if (name.toLowerCase() !== "authorization") return value === "" ? undefined : value;
  return BEARER.exec(value)?.[1];
}
