/** A connected client of `redis` 5 or later: `createClient`, `createCluster`, `createSentinel`. */
export interface NodeRedisClient {
  withTypeMapping(types: { 36: BufferConstructor }): { get(key: string): Promise<unknown> };
  evalSha(sha: string, call: NodeRedisCall): Promise<unknown>;
  eval(lua: string, call: NodeRedisCall): Promise<unknown>;
  del(key: string): Promise<number>;
  time(): Promise<unknown>;
  /** Called with the option `listen` alone. */
  publish?(channel: string, message: string): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  close(): unknown;
}

export interface NodeRedisCall {
  keys: string[];
  arguments: (string | Buffer)[];
}

/** What one server's client has beyond that. */
export interface NodeRedisServer extends NodeRedisClient {
  role(): Promise<unknown>;
  scan(cursor: string, options: { MATCH: string; COUNT: number }): Promise<{ cursor: unknown; keys: unknown[] }>;
  wait(replicas: number, timeoutMs: number): Promise<number>;
  sendCommand(words: string[]): Promise<unknown>;
}

/** What the client of a Cluster has. */
export interface NodeRedisCluster {
  readonly masters: { readonly address: string }[];
  nodeClient(node: unknown): Promise<NodeRedisServer> | NodeRedisServer;
  multi(routing: string): NodeRedisPipeline;
}

/** Commands that leave together; each call adds one. */
export interface NodeRedisPipeline {
  del(key: string): unknown;
  evalSha(sha: string, call: NodeRedisCall): unknown;
  eval(lua: string, call: NodeRedisCall): unknown;
  wait(replicas: number, timeoutMs: number): unknown;
  execAsPipeline(): Promise<unknown[]>;
}

export interface NodeRedisSentinel {
  use<T>(call: (client: NodeRedisServer) => Promise<T>): Promise<T>;
  sendCommand(isReadOnly: boolean, words: string[]): Promise<unknown>;
}

/** A client of `ioredis` 5 or later: `new Redis`, with Sentinels or without, and `new Cluster`. */
export interface IoredisClient {
  getBuffer(key: string): Promise<Buffer | null>;
  evalsha(sha: string, keys: number, ...keyAndArguments: (string | Buffer)[]): Promise<unknown>;
  eval(lua: string, keys: number, ...keyAndArguments: (string | Buffer)[]): Promise<unknown>;
  del(key: string): Promise<number>;
  time(): Promise<unknown>;
  publish?(channel: string, message: string): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  quit(): unknown;
}

export interface IoredisServer extends IoredisClient {
  role(): Promise<unknown>;
  scan(cursor: string, match: "MATCH", pattern: string, count: "COUNT", keys: number): Promise<[string, string[]]>;
  wait(replicas: number, timeoutMs: number): Promise<number>;
  asking(): Promise<unknown>;
}

export interface IoredisCluster {
  nodes(role: "master"): (IoredisServer & { readonly options: { readonly host?: string; readonly port?: number } })[];
  pipeline(): IoredisPipeline;
}

export interface IoredisPipeline {
  del(key: string): unknown;
  evalsha(sha: string, keys: number, ...keyAndArguments: (string | Buffer)[]): unknown;
  eval(lua: string, keys: number, ...keyAndArguments: (string | Buffer)[]): unknown;
  wait(replicas: number, timeoutMs: number): unknown;
  exec(): Promise<[error: Error | null, reply: unknown][] | null>;
}

export type RedisClient = NodeRedisClient | IoredisClient;
