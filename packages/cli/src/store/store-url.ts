import { SojournError } from "@sojourn/core";

/** What `--store` said, taken apart. */
export interface StoreUrl {
  /** As given; may hold a password. */
  readonly text: string;
  /** Lower case, without the colon. Absent: a path. */
  readonly scheme: string | undefined;
  /** What stands behind `scheme:` and its `//`. */
  readonly rest: string;
  /** For people: without user, password, query and fragment. */
  readonly shown: string;
}

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/)?/;

export function readStoreUrl(text: string): StoreUrl {
  const [prefix = "", scheme] = SCHEME.exec(text) ?? [];
  const rest = text.slice(prefix.length);
  const place = rest.slice(rest.lastIndexOf("@") + 1).replace(/[?#].*$/s, "");
  return { text, scheme: scheme?.toLowerCase(), rest, shown: `${prefix}${place}` };
}

/** Where the servers of a store are, and who asks them. */
export interface Servers {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly username?: string;
  readonly password?: string;
  /** What stands behind the first `/`. */
  readonly path: string;
}

/** `[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]…][/PATH]`. @throws OPTION_INVALID */
export function readServers(url: StoreUrl, defaultPort: number): Servers {
  const at = url.rest.lastIndexOf("@");
  const [names = "", ...path] = url.rest.slice(at + 1).split("/");
  const { username, password } = at < 0 ? new URL("x://x") : parse(url, `x://${url.rest.slice(0, at)}@x`);
  const hosts = names.split(",").map((name) => {
    const { hostname, port, search, hash } = parse(url, `x://${name}`);
    if (hostname === "" || search !== "" || hash !== "") throw wrongUrl(url, "a host is missing or wrong");
    return { host: hostname.replace(/^\[|\]$/g, ""), port: port === "" ? defaultPort : Number(port) };
  });
  return {
    hosts,
    ...(username !== "" && { username: decodeURIComponent(username) }),
    ...(password !== "" && { password: decodeURIComponent(password) }),
    path: path.join("/"),
  };
}

/** Node's own error of a wrong URL quotes all of it. */
function parse(url: StoreUrl, text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw wrongUrl(url, "it is no URL");
}

export function wrongUrl({ shown }: StoreUrl, reason: string, how = "write it like redis://HOST:6379"): SojournError {
  return new SojournError("OPTION_INVALID", { option: "--store", value: shown, reason, how });
}

/** `text` without what in the URL may be secret: a client's error may quote any part of it. */
export function withoutSecrets(text: string, url: StoreUrl): string {
  const at = url.rest.lastIndexOf("@");
  const password = /:(.*)$/s.exec(at < 0 ? "" : url.rest.slice(0, at))?.[1] ?? "";
  const query = /\?(.*)$/s.exec(url.rest)?.[1] ?? "";
  const secrets = [url.text, password, query, ...new URLSearchParams(query).values()];
  return secrets
    .flatMap((secret) => [secret, decoded(secret)])
    .filter((secret) => secret !== "" && secret !== url.shown)
    .reduce((left, secret) => left.replaceAll(secret, "…"), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
