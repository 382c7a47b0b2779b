import type { Clock } from "@sojourn/core";
import { argumentInvalid } from "../arguments.ts";
import { checkNames } from "../option-check.ts";
import { checkCall, checkKitOptions, checkObject } from "./check.ts";
import { type CookieJar, createCookieJar, isSecure, type RequestContext } from "./cookie-jar.ts";

export interface BrowserOptions {
  /** Decides which cookies have expired. @default the system's */
  readonly clock?: Clock;
  /** Carries a request to a server and must not follow redirects. @default `fetch`; a fetch handler fits as well */
  readonly send?: (request: Request) => Response | Promise<Response>;
}

export interface BrowserRequest {
  /** @default "GET" */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The page that causes the request. Absent: a page of the same origin; `null`: typed into the address bar. */
  readonly from?: string | null;
  /** The address bar changes, as by a link or a form. @default true when typed, else false */
  readonly navigates?: boolean;
  readonly signal?: AbortSignal;
}

/** A client that keeps cookies, sends `Sec-Fetch-Site` and `Origin`, and follows redirects, as browsers do. */
export interface Browser {
  readonly jar: CookieJar;
  request(url: string, init?: BrowserRequest): Promise<Response>;
}

const INIT = ["method", "headers", "body", "from", "navigates", "signal"];
const MAX_REDIRECTS = 20;

/** It and its methods fail with ARGUMENT_INVALID for what they cannot work with, OPTIONS_INVALID for unknown names. */
export function createBrowser(options: BrowserOptions = {}): Browser {
  checkKitOptions("createBrowser", options, ["clock", "send"]);
  if (options.send !== undefined) checkCall("createBrowser", "send", options.send);
  const jar = createCookieJar(options.clock === undefined ? {} : { clock: options.clock });
  const send = options.send ?? ((request: Request) => fetch(request));

  /** @param urls those that led here by redirects, this one last */
  async function once(urls: readonly [...URL[], URL], init: BrowserRequest, method: string): Promise<Response> {
    const url = urls.at(-1) ?? urls[0];
    // A redirect leads elsewhere; the page that caused the request stays the same.
    const from = init.from === undefined ? urls[0] : init.from === null ? undefined : new URL(init.from);
    const topLevel = (init.navigates ?? from === undefined) && isSafe(method);
    const crossSite = from !== undefined && relate(from, url) === "cross-site";
    const context: RequestContext = { crossSite, topLevel };
    const headers = new Headers(init.headers);
    const cookie = jar.header(url, context);
    if (cookie !== undefined) headers.set("Cookie", cookie);
    if (isSecure(url)) headers.set("Sec-Fetch-Site", from === undefined ? "none" : farthest(from, urls));
    if (from !== undefined && !isSafe(method)) headers.set("Origin", from.origin);
    const request = new Request(url, {
      method,
      headers,
      redirect: "manual",
      ...(init.body === undefined || isSafe(method) ? {} : { body: init.body }),
      ...(init.signal === undefined ? {} : { signal: init.signal }),
    });
    const response = await send(request);
    for (const line of response.headers.getSetCookie())
      jar.receive(line, url, { ...context, topLevel: init.navigates ?? topLevel });
    return response;
  }

  return {
    jar,
    async request(address, init = {}) {
      checkAddress("url", address);
      checkObject("request", "init", init);
      checkNames(init, INIT, "request: init");
      if (typeof init.from === "string") checkAddress("from", init.from);
      let url = new URL(address);
      const urls: [...URL[], URL] = [url];
      let method = init.method ?? "GET";
      for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
        const response = await once(urls, init, method);
        const location = response.headers.get("Location");
        if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) return response;
        await response.body?.cancel();
        if (response.status === 303 ? method !== "HEAD" : response.status < 303 && method === "POST") method = "GET";
        url = new URL(location, url);
        urls.push(url);
      }
      throw new Error(`more than ${MAX_REDIRECTS} redirects from ${address}`);
    },
  };
}

function checkAddress(argument: string, address: unknown): void {
  if (typeof address === "string" && URL.canParse(address)) return;
  throw argumentInvalid("request", argument, "is no address", 'give a whole one: "https://shop.example.com/cart"');
}

const isSafe = (method: string) => method === "GET" || method === "HEAD";

/** What `Sec-Fetch-Site` says after redirects: it never comes nearer again (Fetch Metadata §2.3). */
function farthest(from: URL, urls: readonly URL[]): ReturnType<typeof relate> {
  const relations = urls.map((url) => relate(from, url));
  return (["cross-site", "same-site"] as const).find((each) => relations.includes(each)) ?? "same-origin";
}

/** The site is taken as the last two labels of the host: enough for tests, wrong for `co.uk`. */
function relate(from: URL, to: URL): "same-origin" | "same-site" | "cross-site" {
  if (from.origin === to.origin) return "same-origin";
  return from.protocol === to.protocol && site(from) === site(to) ? "same-site" : "cross-site";
}

function site({ hostname }: URL): string {
  return /^[\d.]+$|^\[/.test(hostname) ? hostname : hostname.split(".").slice(-2).join(".");
}
