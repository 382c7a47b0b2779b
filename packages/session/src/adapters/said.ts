import type { ResponseFields } from "../http.ts";
import { mergeFields } from "./fields.ts";

/**
 * What sessions have committed and put into a response. Of two kinds of sessions on one response the commit of one may fail
 * after that of the other: the error's response must still carry what is true of the other. Nothing is known of a copy of the response that the application makes between the two.
 */
const said = new WeakMap<object, ResponseFields>();

export function remember(response: object, fields: ResponseFields): void {
  if (fields.setCookies.length > 0 || fields.headers !== undefined || fields.affinityEnd) said.set(response, fields);
}

/** `fields`, and what was remembered of `response`. */
export function withSaid(response: object | undefined, fields: ResponseFields): ResponseFields {
  const before = response && said.get(response);
  if (before === undefined) return fields;
  return { ...mergeFields(before, fields), affinityEnd: before.affinityEnd || fields.affinityEnd };
}
