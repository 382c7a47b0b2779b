import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";

/** Puts a fetch handler on node:http, as far as these tests need it. A handler that throws is a 500, as on platforms. */
export function serveFetch(handler: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(500);
      outgoing.end();
    });
  };
}

async function answer(
  handler: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const headers = new Headers();
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i] ?? "", incoming.rawHeaders[i + 1] ?? "");
  }
  const body = incoming.method === "GET" || incoming.method === "HEAD" ? null : Readable.toWeb(incoming);
  const request = new Request(new URL(incoming.url ?? "/", `http://${incoming.headers.host}`), {
    method: incoming.method ?? "GET",
    headers,
    body: body as ReadableStream | null,
    duplex: "half",
  } as RequestInit);
  const response = await handler(request);
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.appendHeader(name, value);
  if (response.body === null) outgoing.end();
  else Readable.fromWeb(response.body as import("node:stream/web").ReadableStream).pipe(outgoing);
}
