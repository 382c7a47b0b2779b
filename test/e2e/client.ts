import { Agent, type IncomingMessage, request } from "node:http";

/** What came back, or the code with which the connection failed. */
export interface Answer {
  readonly status: number;
  readonly servedBy: string | undefined;
  readonly body: string;
  readonly setCookies: readonly string[];
}

/** A person's browser, as far as these tests need one: keep-alive connections and one cookie jar. */
export class Client {
  readonly cookies = new Map<string, string>();
  readonly #agent: Agent;
  #origin: string;

  constructor(origin: string, connections = 50) {
    this.#origin = origin;
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  get cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  /** The same cookies towards another address. */
  fork(origin: string): Client {
    const other = new Client(origin);
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  get = (path: string): Promise<Answer> => this.#send("GET", path);
  post = (path: string, body: unknown = {}): Promise<Answer> => this.#send("POST", path, JSON.stringify(body));

  async json<T>(path: string): Promise<T> {
    return JSON.parse((await this.get(path)).body) as T;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body?: string): Promise<Answer> {
    const headers: Record<string, string> = {};
    if (this.cookies.size > 0) headers.cookie = this.cookieHeader;
    if (body !== undefined) headers["content-type"] = "application/json";
    return new Promise((resolve) => {
      const sent = request(new URL(path, this.#origin), { method, headers, agent: this.#agent }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", (error: Error & { code?: string }) => resolve(failed(error)));
        response.on("end", () => resolve(this.#answer(response, Buffer.concat(chunks).toString())));
      });
      sent.on("error", (error: Error & { code?: string }) => resolve(failed(error)));
      sent.end(body);
    });
  }

  #answer(response: IncomingMessage, body: string): Answer {
    const setCookies = response.headers["set-cookie"] ?? [];
    for (const line of setCookies) {
      const [pair = "", ...attributes] = line.split("; ");
      const equals = pair.indexOf("=");
      const name = pair.slice(0, equals);
      if (attributes.some((attribute) => attribute.toLowerCase() === "max-age=0")) this.cookies.delete(name);
      else this.cookies.set(name, pair.slice(equals + 1));
    }
    const servedBy = response.headers["x-served-by"];
    return { status: response.statusCode ?? 0, servedBy: servedBy?.toString(), body, setCookies };
  }
}

function failed(error: Error & { code?: string }): Answer {
  return { status: 0, servedBy: undefined, body: error.code ?? error.name, setCookies: [] };
}

/** Runs `count` jobs and as many more as `more` asks for, at most `parallel` at a time, in order of their number. */
export async function inParallel(
  count: number,
  parallel: number,
  job: (index: number) => Promise<void>,
  more: () => boolean = () => false,
) {
  let next = 0;
  const lanes = Array.from({ length: parallel }, async () => {
    while (next < count || more()) await job(next++);
  });
  await Promise.all(lanes);
}
