import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface Origin {
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly requests: { readonly host: string | undefined; readonly path: string | undefined }[];
}

/** A real HTTP server that answers with its name, until the test ends. */
export async function startOrigin(name: string): Promise<Origin> {
  const requests: Origin["requests"] = [];
  const server = createServer(({ headers, url }, response) => {
    requests.push({ host: headers.host, path: url });
    response.setHeader("X-Origin", name).end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, address: `127.0.0.1:${port}`, requests };
}

export interface SlowOrigin {
  readonly address: string;
  /** The first request has arrived. */
  readonly reached: Promise<void>;
  /** Lets every request be answered. */
  release(): void;
}

/** An HTTP server that answers when the test lets it. */
export async function startSlowOrigin(): Promise<SlowOrigin> {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let reach = () => {};
  const reached = new Promise<void>((resolve) => {
    reach = resolve;
  });
  const server = createServer((_request, response) => {
    reach();
    void released.then(() => response.end("slow"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, reached, release };
}

export interface Visit {
  readonly status: number | undefined;
  readonly origin: string;
  readonly setCookie: readonly string[];
}

/** One request on a connection of its own. */
export function visit(url: string, headers: Readonly<Record<string, string>> = {}, from = "127.0.0.1"): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { headers, localAddress: from, agent: false }, (response) => {
      let origin = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (origin += chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, origin, setCookie: response.headers["set-cookie"] ?? [] }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}
