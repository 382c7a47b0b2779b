import type { SessionRequest } from "../http.ts";
import { checkNodeRequest } from "./check.ts";

/** What is read of node:http's IncomingMessage and of HTTP/2's compatible object. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined; readonly encrypted?: boolean };
}

/** The request of a Node server as the engine takes it, without a copy; for WebSocket upgrades: `sessions.load(…)`. */
export function nodeRequest(request: NodeRequest): SessionRequest {
  checkNodeRequest(request);
  return new View(request);
}

class View implements SessionRequest {
  readonly #request: NodeRequest;
  /** Taken at once: a socket forgets its peer when the client disconnects, and a commit may come after that. */
  readonly remoteAddress: string | undefined;

  constructor(request: NodeRequest) {
    this.#request = request;
    this.remoteAddress = request.socket.remoteAddress;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get encrypted(): boolean {
    return this.#request.socket.encrypted === true;
  }

  header(name: string): string | undefined {
    const { headers } = this.#request;
    // HTTP/2 names the host in a pseudo header (RFC 9113 §8.3.1).
    const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
    return typeof value === "object" ? value.join(", ") : value;
  }
}
