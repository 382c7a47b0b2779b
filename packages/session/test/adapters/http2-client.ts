import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type IncomingHttpHeaders } from "node:http2";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

/** `fetch` over one HTTP/2 connection, as far as these tests need it. */
export interface Http2Client {
  send(request: Request): Promise<Response>;
  close(): void;
}

export function http2Client(origin: string): Http2Client {
  const client: ClientHttp2Session = connect(origin);
  client.on("error", () => {});
  return {
    async send(request) {
      const { pathname, search } = new URL(request.url);
      const stream = client.request({
        ":method": request.method,
        ":path": pathname + search,
        ...Object.fromEntries(request.headers),
      });
      const abort = () => stream.close(constants.NGHTTP2_CANCEL);
      request.signal.addEventListener("abort", abort);
      const gone = once(stream, "close").then(() => {
        throw new Error("the stream was closed without an answer");
      });
      gone.catch(() => {});
      stream.on("error", () => {});
      stream.end(request.body === null ? undefined : Buffer.from(await request.arrayBuffer()));
      const [head] = (await Promise.race([once(stream, "response"), gone])) as [
        IncomingHttpHeaders & { ":status": number },
      ];
      const headers = new Headers();
      for (const [name, value] of Object.entries(head)) {
        if (name.startsWith(":") || value === undefined) continue;
        for (const each of [value].flat()) headers.append(name, String(each));
      }
      const status = head[":status"];
      const body = status === 204 || status === 304 ? null : (Readable.toWeb(stream) as ReadableStream<Uint8Array>);
      return new Response(body as ConstructorParameters<typeof Response>[0], { status, headers });
    },
    close: () => client.destroy(),
  };
}
