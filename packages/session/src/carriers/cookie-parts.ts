import {
  type CookieWriter,
  cookieValues,
  createCookieWriter,
  MAX_COOKIE_AGE_SECONDS,
  MAX_COOKIE_BYTES,
  SojournError,
  splitRouteTag,
  type TaggedValue,
  withRouteTag,
} from "@sojourn/core";

/** A value in one cookie, or in several when it is too long for one. */
export interface CookieParts {
  /** What the cookies of a request hold together, without judging that they belong together: whoever opens it does. */
  read(header: string | undefined): TaggedValue | undefined;
  /**
   * `Set-Cookie` values that hold `value`, and remove the parts in `header` that it does not fill.
   * @throws COOKIE_TOO_LARGE
   */
  write(
    value: string,
    tag: string | undefined,
    maxAgeSeconds: number | undefined,
    header: string | undefined,
  ): readonly string[];
  /** `Set-Cookie` values that remove the first cookie and all parts in `header`. */
  clear(header: string | undefined): readonly string[];
}

/** More than any limit on the total lets be written. */
const MAX_PARTS = 20;
const COUNTED = /^([2-9]|1\d|20)~/;
/** Of every cookie, after name and attributes. */
const MIN_ROOM = 1_024;
/** A dot and the longest route tag: the balancer may add one to a value that had none. */
const TAG_ROOM = 65;
const COUNT_ROOM = 3;

/**
 * One value is written as it is. A longer one is cut: the first cookie, under the cookie's own name, begins with the
 * number of cookies and `~`, and the others are called `NAME.1`, `NAME.2`, ….
 * @param maxBytes of all of them in the `Cookie` header.
 * @throws OPTIONS_INVALID when name and attributes leave too little room.
 */
export function createCookieParts(cookie: CookieWriter, maxBytes: number): CookieParts {
  const { name } = cookie;
  const { domain, ...others } = cookie.attributes;
  const attributes = domain === undefined ? others : { ...others, domain };
  const more = Array.from({ length: MAX_PARTS - 1 }, (_, i) => createCookieWriter(`${name}.${i + 1}`, attributes));
  // Today's browsers count name and value; older ones count the attributes too.
  const room = MAX_COOKIE_BYTES - Math.max(...more.map((each) => each.set("", MAX_COOKIE_AGE_SECONDS).length));
  if (room < MIN_ROOM) {
    const what = `has a name, Path and Domain that leave ${Math.max(0, room)} bytes of ${MAX_COOKIE_BYTES} for its value`;
    throw new SojournError("OPTIONS_INVALID", { where: "cookie", what, how: "shorten them" });
  }

  /** @returns undefined unless it is there and no longer than browsers keep. */
  function kept(header: string | undefined, called: string): string | undefined {
    const [value] = cookieValues(header, called);
    return value === undefined || value.length > MAX_COOKIE_BYTES ? undefined : value;
  }

  function cut(value: string): readonly string[] {
    if (value.length <= room - TAG_ROOM) return [value];
    const first = value.slice(0, room - TAG_ROOM - COUNT_ROOM);
    const rest: string[] = [];
    for (let at = first.length; at < value.length; at += room) rest.push(value.slice(at, at + room));
    return [`${rest.length + 1}~${first}`, ...rest];
  }

  /** Parts from the `from`th on that the client sent and nobody fills any more. */
  function stale(header: string | undefined, from: number): readonly string[] {
    if (header?.includes(`${name}.`) !== true) return [];
    return more.slice(from - 1).flatMap((each) => (cookieValues(header, each.name).length > 0 ? [each.clear()] : []));
  }

  return {
    read(header) {
      const head = kept(header, name);
      if (head === undefined) return undefined;
      const { token, tag } = splitRouteTag(head);
      const [mark, count] = COUNTED.exec(token) ?? [];
      if (mark === undefined) return { token, tag };
      const rest = more.slice(0, Number(count) - 1).map((each) => kept(header, each.name));
      return rest.includes(undefined) ? undefined : { token: token.slice(mark.length) + rest.join(""), tag };
    },
    write(value, tag, maxAgeSeconds, header) {
      const [head = "", ...rest] = cut(value);
      const first = withRouteTag(head, tag);
      const pairs = [`${name}=${first}`, ...rest.map((part, i) => `${more[i]?.name}=${part}`)];
      const bytes = pairs.join("; ").length;
      if (bytes > maxBytes) throw new SojournError("COOKIE_TOO_LARGE", { name, bytes, max: maxBytes });
      return [
        cookie.set(first, maxAgeSeconds),
        ...more.slice(0, rest.length).map((each, i) => each.set(rest[i] ?? "", maxAgeSeconds)),
        ...stale(header, rest.length + 1),
      ];
    },
    clear: (header) => [cookie.clear(), ...stale(header, 1)],
  };
}
