import { type Clock, systemClock } from "@sojourn/core";
import { checkKitOptions, checkObject, checkUrl } from "./check.ts";
import { type ParsedSetCookie, parseSetCookie } from "./set-cookie.ts";

/** A cookie as the jar keeps it. */
export interface JarCookie extends ParsedSetCookie {
  readonly hostOnly: boolean;
  readonly createdAt: number;
}

/** Where a request comes from, as far as SameSite asks. */
export interface RequestContext {
  /** Another site caused the request. @default false */
  readonly crossSite?: boolean;
  /** The address bar changes, by a safe method. @default false */
  readonly topLevel?: boolean;
}

/** Keeps cookies as RFC 6265bis asks of browsers. It knows no public suffix but those without a dot. */
export interface CookieJar {
  /** Takes a `Set-Cookie` value of a response from `url`. @returns whether the cookie is in the jar now. */
  receive(setCookie: string, url: URL, context?: RequestContext): boolean;
  /** The `Cookie` header for a request to `url`, or undefined. */
  header(url: URL, context?: RequestContext): string | undefined;
  /** What `document.cookie` reads on a page at `url`: nothing that is HttpOnly. */
  scriptView(url: URL): string;
  /** All that has not expired. */
  readonly cookies: readonly JarCookie[];
  /** Drops the cookies that end with the browser's session. */
  closeBrowser(): void;
}

/** It and its methods throw ARGUMENT_INVALID for what they cannot work with. */
export function createCookieJar(options: { readonly clock?: Clock } = {}): CookieJar {
  checkKitOptions("createCookieJar", options, ["clock"]);
  const { clock = systemClock } = options;
  let cookies: JarCookie[] = [];
  let received = 0;

  function living(): readonly JarCookie[] {
    cookies = cookies.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > clock.now());
    return cookies;
  }

  function matching(url: URL, context: RequestContext, script: boolean): JarCookie[] {
    const fits = (c: JarCookie) =>
      (c.hostOnly ? url.hostname === c.domain : domainMatches(url.hostname, c.domain)) &&
      pathMatches(url.pathname, c.path) &&
      (!c.secure || isSecure(url)) &&
      (!script || !c.httpOnly) &&
      (context.crossSite !== true || c.sameSite === "none" || (context.topLevel === true && c.sameSite !== "strict"));
    return living()
      .filter(fits)
      .sort((a, b) => b.path.length - a.path.length || a.createdAt - b.createdAt);
  }

  return {
    receive(setCookie, url, context = {}) {
      checkUrl("receive", url);
      checkObject("receive", "context", context);
      const parsed = parseSetCookie(setCookie, clock.now());
      if (parsed === undefined || !mayBeSet(parsed, url, context, living())) return false;
      const hostOnly = parsed.domain === "" || (parsed.domain === url.hostname && !url.hostname.includes("."));
      const domain = hostOnly ? url.hostname : parsed.domain;
      const path = parsed.path === "" ? defaultPath(url) : parsed.path;
      const same = (c: JarCookie) =>
        c.name === parsed.name && c.domain === domain && c.path === path && c.hostOnly === hostOnly;
      const old = cookies.find(same);
      const cookie = { ...parsed, domain, path, hostOnly, createdAt: old?.createdAt ?? received++ };
      cookies = [...cookies.filter((c) => !same(c)), cookie];
      return living().includes(cookie);
    },
    header(url, context = {}) {
      checkUrl("header", url);
      checkObject("header", "context", context);
      const pairs = matching(url, context, false).map(pair);
      return pairs.length === 0 ? undefined : pairs.join("; ");
    },
    scriptView(url) {
      checkUrl("scriptView", url);
      return matching(url, {}, true).map(pair).join("; ");
    },
    get cookies() {
      return living();
    },
    closeBrowser() {
      cookies = cookies.filter(({ expiresAtMs }) => expiresAtMs !== undefined);
    },
  };
}

/** RFC 6265bis §5.7, what makes a browser ignore a cookie. */
function mayBeSet(c: ParsedSetCookie, url: URL, context: RequestContext, present: readonly JarCookie[]): boolean {
  const secure = isSecure(url);
  if (c.domain !== "" && !domainMatches(url.hostname, c.domain)) return false;
  if (c.domain !== "" && !c.domain.includes(".") && c.domain !== url.hostname) return false;
  if (c.secure && !secure) return false;
  if (c.sameSite === "none" && !c.secure) return false;
  if (c.sameSite !== "none" && context.crossSite === true && context.topLevel !== true) return false;
  const prefixed = (c.name === "" ? c.value : c.name).toLowerCase();
  if (c.name === "" && (prefixed.startsWith("__secure-") || prefixed.startsWith("__host-"))) return false;
  if (prefixed.startsWith("__secure-") && !c.secure) return false;
  if (prefixed.startsWith("__host-") && (!c.secure || c.domain !== "" || c.path !== "/")) return false;
  // A page without TLS must not lay a cookie over a Secure one.
  const covers = (o: JarCookie) =>
    o.secure &&
    o.name === c.name &&
    (domainMatches(o.domain, c.domain || url.hostname) || domainMatches(url.hostname, o.domain)) &&
    pathMatches(c.path === "" ? defaultPath(url) : c.path, o.path);
  return secure || !present.some(covers);
}

/** As Chromium and Firefox do, hosts of this machine count as secure. */
export function isSecure(url: URL): boolean {
  return url.protocol === "https:" || /^(?:localhost|.*\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname);
}

function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host));
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath) && (cookiePath.endsWith("/") || path.charAt(cookiePath.length) === "/");
}

function defaultPath({ pathname }: URL): string {
  const slash = pathname.lastIndexOf("/");
  return slash <= 0 ? "/" : pathname.slice(0, slash);
}

const pair = ({ name, value }: JarCookie) => (name === "" ? value : `${name}=${value}`);
