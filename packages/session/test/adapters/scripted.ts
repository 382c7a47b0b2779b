import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ResponseFields, Session, Sessions } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";

export const NONE: ResponseFields = { setCookies: [], varyCookie: false, affinityEnd: false, noStore: false };

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

type Answer = ResponseFields | Promise<ResponseFields> | Error;

/** Sessions that do what a test tells them to: each commit takes the next answer, and none means nothing to commit. */
export class ScriptedSessions {
  readonly log: string[] = [];
  answers: Answer[] = [];
  afterError: ResponseFields = NONE;

  pending(): boolean {
    return this.answers[0] instanceof Promise;
  }

  commit(): ResponseFields | Promise<ResponseFields> {
    this.log.push("commit");
    const answer = this.answers.shift() ?? NONE;
    if (answer instanceof Error) throw answer;
    return answer;
  }

  load(): Session {
    return {} as Session;
  }

  fieldsAfter(): ResponseFields {
    this.log.push("fieldsAfter");
    return this.afterError;
  }

  headersSent(): void {
    this.log.push("headersSent");
  }

  get asSessions(): Sessions {
    return this as unknown as Sessions;
  }
}

export type Handler = (response: ServerResponse, request: IncomingMessage) => unknown;
export type OnError = (error: unknown, response: ServerResponse) => void;

/** Serves one handler on node:http behind `sessions`. */
export async function serve(sessions: ScriptedSessions, handler: Handler, onError?: OnError): Promise<Server> {
  const node = nodeSession(sessions.asSessions);
  const server = createServer(
    node.handle<IncomingMessage, ServerResponse>(
      (req, res) => handler(res, req),
      onError === undefined ? undefined : (error, _req, res) => onError(error, res),
    ),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

export interface Received {
  readonly status: number;
  readonly message: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export async function get(server: Server, path = "/"): Promise<Received> {
  const sent = request({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, path, agent: false });
  sent.end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  return { status: response.statusCode ?? 0, message: response.statusMessage ?? "", headers: response.headers, body };
}

/** Lets everything run that can run without the awaited event. */
export async function idle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Sessions and servers of one test. */
export interface Stage {
  readonly sessions: ScriptedSessions;
  start(handler: Handler, onError?: OnError): Promise<Server>;
  /** The next commit waits for what is returned. */
  held(): Deferred<ResponseFields>;
  strike(): void;
}

export function setStage(): Stage {
  const sessions = new ScriptedSessions();
  const servers: Server[] = [];
  return {
    sessions,
    async start(handler, onError) {
      const server = await serve(sessions, handler, onError);
      servers.push(server);
      return server;
    },
    held() {
      const commit = deferred<ResponseFields>();
      commit.promise.catch(() => {});
      sessions.answers.push(commit.promise);
      return commit;
    },
    strike() {
      for (const server of servers) server.close().closeAllConnections();
    },
  };
}
