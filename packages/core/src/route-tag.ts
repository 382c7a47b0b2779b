import { SojournError } from "./errors/sojourn-error.ts";

/** A carrier's value taken apart: `<token>` or `<token>.<tag>`. */
export interface TaggedValue {
  readonly token: string;
  /** The balancer's half. No part of the token: it is never hashed and may change at any time. */
  readonly tag: string | undefined;
}

const TAG = /^[A-Za-z0-9_-]{1,64}$/;

/** Splits at the first dot. What follows it is a tag only when well-formed; otherwise it is dropped. */
export function splitRouteTag(value: string): TaggedValue {
  const dot = value.indexOf(".");
  if (dot === -1) return { token: value, tag: undefined };
  const tag = value.slice(dot + 1);
  return { token: value.slice(0, dot), tag: TAG.test(tag) ? tag : undefined };
}

/**
 * Appends a tag, or replaces the one that is there.
 * @throws ROUTE_TAG_INVALID
 */
export function withRouteTag(value: string, tag: string | undefined): string {
  const { token } = splitRouteTag(value);
  if (tag === undefined) return token;
  if (!TAG.test(tag)) throw new SojournError("ROUTE_TAG_INVALID", {});
  return `${token}.${tag}`;
}
