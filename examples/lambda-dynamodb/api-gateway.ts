/** What this example reads of an event of API Gateway's HTTP APIs (payload format 2.0) and of function URLs. */
export interface HttpEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case, without Cookie. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** One for each cookie. Absent: none. */
  readonly cookies?: readonly string[];
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: { readonly domainName: string; readonly http: { readonly method: string } };
}

export interface HttpResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Values of Set-Cookie. */
  readonly cookies: readonly string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

export function requestOf(event: HttpEvent): Request {
  const { rawPath, rawQueryString, cookies, body, requestContext } = event;
  const headers = new Headers();
  for (const [name, value] of Object.entries(event.headers)) if (value !== undefined) headers.set(name, value);
  if (cookies !== undefined) headers.set("Cookie", cookies.join("; "));
  const query = rawQueryString === "" ? "" : `?${rawQueryString}`;
  // What the client reached by https is the domain that API Gateway says, whatever its Host header claims.
  return new Request(`https://${requestContext.domainName}${rawPath}${query}`, {
    method: requestContext.http.method,
    headers,
    ...(body !== undefined && { body: event.isBase64Encoded ? Buffer.from(body, "base64") : body }),
  });
}

export async function resultOf(response: Response): Promise<HttpResult> {
  const headers: Record<string, string> = {};
  response.headers.forEach((value, name) => {
    if (name !== "set-cookie") headers[name] = value;
  });
  return {
    statusCode: response.status,
    headers,
    cookies: response.headers.getSetCookie(),
    // Base64 is right for every body, text or not.
    body: Buffer.from(await response.arrayBuffer()).toString("base64"),
    isBase64Encoded: true,
  };
}
