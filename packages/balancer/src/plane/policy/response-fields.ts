import { AFFINITY_END, AFFINITY_HEADER } from "@sojourn/core";
import type { Conclusion, Decision } from "../../decision.ts";
import type { Fields } from "../fields.ts";
import { KIND } from "../kinds.ts";
import { makePrivate } from "./cache-control.ts";
import { normaliseLength } from "./request-fields.ts";

/** Drops what is for this hop only, and every `Sojourn-*`. @returns whether the app said `Sojourn-Affinity: end`. */
export function dropHopFields(fields: Fields, status: number): boolean {
  const { kinds, count } = fields;
  let end = false;
  for (let i = 0; i < count; i++) {
    switch (kinds[i]) {
      case KIND.sojourn:
        if (fields.is(i, AFFINITY_HEADER) && fields.value(i).toLowerCase() === AFFINITY_END) end = true;
        fields.drop(i);
        break;
      case KIND.contentLength:
        // RFC 9110 §8.6: never in 1xx and 204.
        if (status < 200 || status === 204) fields.drop(i);
        else normaliseLength(fields, i);
        break;
      case KIND.transferEncoding:
      case KIND.connection:
      case KIND.hop:
      case KIND.keepAlive:
      case KIND.upgrade:
        fields.drop(i);
        break;
    }
  }
  return end;
}

/** Adds the stamp that this response gives, or takes it away. */
export function addStamp(fields: Fields, decision: Decision, conclusion: Conclusion, affinityEnd: boolean): void {
  if (affinityEnd) {
    const cookies = decision.unbind();
    for (const cookie of cookies) fields.add("Set-Cookie", cookie);
    if (cookies.length > 0) makePrivate(fields);
  } else if (conclusion.setCookie !== undefined) {
    fields.add("Set-Cookie", conclusion.setCookie);
    if (conclusion.cachePrivate) makePrivate(fields);
  }
}
