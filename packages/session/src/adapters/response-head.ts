import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { HeaderLines } from "./fields.ts";
import { isHttp2 } from "./response-face.ts";

/** A status line and headers, to go back to. */
export interface Head {
  readonly status: number;
  readonly message: string;
  readonly headers: OutgoingHttpHeaders;
}

export function statusLine(response: ServerResponse): Omit<Head, "headers"> {
  return { status: response.statusCode, message: isHttp2(response) ? "" : response.statusMessage };
}

export function setStatusLine(response: ServerResponse, status: number, message = ""): void {
  response.statusCode = status;
  if (!isHttp2(response)) response.statusMessage = message;
}

/** The headers set so far, as a copy that stays what it is. */
export function headersOf(response: ServerResponse): OutgoingHttpHeaders {
  // Most often there are none, and asking for their names costs the least.
  return response.getHeaderNames().length === 0 ? NO_HEADERS : keepHeaders(response.getHeaders());
}

const NO_HEADERS: OutgoingHttpHeaders = Object.freeze({});

/** Makes what `getHeaders` returned a copy that stays what it is: whoever appends adds to the arrays that are there. */
export function keepHeaders<Headers extends Record<string, unknown>>(headers: Headers): Headers {
  for (const [name, value] of Object.entries(headers)) {
    if (Array.isArray(value)) (headers as Record<string, unknown>)[name] = [...value];
  }
  return headers;
}

/** Leaves exactly the headers given. */
export function restoreHeaders(response: ServerResponse, headers: OutgoingHttpHeaders): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) response.setHeader(name, value);
  }
}

/**
 * Does what `writeHead` does with its arguments, except sending, so that cookies can be added to them. What it gives
 * replaces what was set, in an array repeated names add up: as in Node.
 */
export function absorbHead(response: ServerResponse, args: readonly unknown[]): void {
  const [status, second, third] = args;
  const code = Number(status) | 0;
  if (code < 100 || code > 999) {
    throw Object.assign(new RangeError(`Invalid status code: ${String(status)}`), {
      code: "ERR_HTTP_INVALID_STATUS_CODE",
    });
  }
  setStatusLine(response, code, typeof second === "string" ? second : statusLine(response).message);
  const headers = typeof second === "string" ? third : (third ?? second);
  if (Array.isArray(headers)) setList(response, headers);
  else if (typeof headers === "object" && headers !== null) {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value as OutgoingHttpHeader & string);
  }
}

/** The arguments of `writeHead`, the headers among them as a list: a name, its value, the next name. */
export interface WholeHead {
  readonly args: readonly unknown[];
  readonly headers: OutgoingHttpHeader[];
}

/**
 * A head that Node itself can take in one go, and judges. Setting its headers one by one costs several times as much.
 * @returns undefined where `absorbHead` must do it: headers were set before, or the arguments have another shape.
 */
export function wholeHead(response: ServerResponse, args: readonly unknown[]): WholeHead | undefined {
  const [status, second, third] = args;
  const given = typeof second === "string" ? third : (third ?? second);
  if (typeof given !== "object" || given === null || Array.isArray(given)) return undefined;
  if (response.getHeaderNames().length > 0 || isBodiless(status)) return undefined;
  const named = given as Readonly<Record<string, OutgoingHttpHeader>>;
  const headers: OutgoingHttpHeader[] = [];
  for (const name of Object.keys(named)) {
    // One name in two spellings: Node keeps the last. How the body is framed it would go on to believe after a refusal.
    if (placeOf(headers, name) !== -1 || placeOf(FRAMING, name) !== -1) return undefined;
    headers.push(name, named[name] as OutgoingHttpHeader);
  }
  return { args: typeof second === "string" ? [status, second, headers] : [status, headers], headers };
}

const FRAMING: readonly string[] = ["Transfer-Encoding", ""];

/** RFC 9110 §6.4.1. Node would have no body for the error's answer either, if it refused the head. */
function isBodiless(status: unknown): boolean {
  return typeof status !== "number" || status < 200 || status === 204 || status === 304;
}

/** Where `name` stands in a list of names and values; -1: nowhere. */
function placeOf(headers: readonly OutgoingHttpHeader[], name: string): number {
  for (let i = 0; i < headers.length; i += 2) {
    const given = headers[i] as string;
    if (given.length === name.length && (given === name || given.toLowerCase() === name.toLowerCase())) return i;
  }
  return -1;
}

/** The headers of a head that is still an argument, for `addFields`. */
export function listLines(headers: OutgoingHttpHeader[]): HeaderLines {
  return {
    get(name) {
      const at = placeOf(headers, name);
      return at === -1 ? undefined : joined(headers[at + 1]);
    },
    set(name, value) {
      const at = placeOf(headers, name);
      if (at === -1) headers.push(name, value);
      else headers[at + 1] = value;
    },
    append: (name, value) => void headers.push(name, value),
  };
}

function joined(value: OutgoingHttpHeader | undefined): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value?.toString();
}

/** `[name, value, name, value]` or `[[name, value], …]`. */
function setList(response: ServerResponse, list: readonly unknown[]): void {
  const pairs: [string, string][] = [];
  if (Array.isArray(list[0])) pairs.push(...(list as [string, string][]));
  else for (let i = 0; i + 1 < list.length; i += 2) pairs.push([list[i] as string, list[i + 1] as string]);
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** The response's headers for `addFields`. */
export function headerLines(response: ServerResponse): HeaderLines {
  return {
    get: (name) => joined(response.getHeader(name)),
    set: (name, value) => void response.setHeader(name, value),
    append(name, value) {
      const before = response.getHeader(name);
      // `appendHeader` would add to an array that the application may hand to every response.
      response.setHeader(name, before === undefined ? value : [...[before].flat().map(String), value]);
    },
  };
}
