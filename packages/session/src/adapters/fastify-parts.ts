import type { AnyRequest, AnyResponse } from "./node.ts";

/** What is used of Fastify's request. */
export interface FastifyRequest {
  readonly raw: AnyRequest;
}

/** What is used of Fastify's reply. */
export interface FastifyReply {
  readonly raw: AnyResponse;
  readonly sent: boolean;
  code(status: number): unknown;
  header(name: string, value: unknown): unknown;
  removeHeader(name: string): unknown;
  getHeaders(): Readonly<Record<string, unknown>>;
  send(payload: unknown): unknown;
}

/** What is used of Fastify's instance. */
export interface FastifyInstance {
  addHook(
    name: "onRequest",
    hook: (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void,
  ): unknown;
}
