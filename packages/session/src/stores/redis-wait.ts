import type {
  IoredisClient,
  IoredisCluster,
  IoredisPipeline,
  IoredisServer,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPipeline,
  NodeRedisSentinel,
  NodeRedisServer,
} from "./redis-client.ts";

/** What WAIT is asked for. It counts for what the same connection has sent before, so the two must not part. */
export interface Wait {
  readonly replicas: number;
  readonly withinMs: number;
}

/** What a command answered, and how many replicas have it. */
type Waited = Promise<[unknown, number]>;
type NodeRedisSend = (to: Pick<NodeRedisPipeline, "del" | "evalSha" | "eval">) => unknown;
type IoredisSend = (to: Pick<IoredisPipeline, "del" | "evalsha" | "eval">) => unknown;

/** How often a command is sent after a slot that moves through the Cluster. */
const REDIRECTIONS = 16;
const REDIRECTION = /^(MOVED|ASK) \d+ (\S+)/;

export function nodeRedisWait(client: NodeRedisClient): (key: string, send: NodeRedisSend, wait: Wait) => Waited {
  if ("use" in client) {
    const sentinel = client as unknown as NodeRedisSentinel;
    return (_, send, wait) => sentinel.use((leased) => together(leased, send, wait));
  }
  if (!("nodeClient" in client)) return (_, send, wait) => together(client as NodeRedisServer, send, wait);
  const cluster = client as unknown as NodeRedisCluster;

  async function routed(key: string, send: NodeRedisSend, { replicas, withinMs }: Wait): Waited {
    const pipeline = cluster.multi(key);
    send(pipeline);
    pipeline.wait(replicas, withinMs);
    const [answer, confirmed] = await pipeline.execAsPipeline();
    return [answer, Number(confirmed)];
  }

  async function asked(address: string, send: NodeRedisSend, wait: Wait): Promise<[unknown, number] | undefined> {
    const node = cluster.masters.find((each) => each.address === address);
    if (node === undefined) return undefined;
    const server = await cluster.nodeClient(node);
    const asking = server.sendCommand(["ASKING"]);
    const [answer] = await Promise.all([together(server, send, wait), asking]);
    return answer;
  }
  return (key, send, wait) =>
    redirected(
      () => routed(key, send, wait),
      () => client.withTypeMapping({ 36: Buffer }).get(key),
      (address) => asked(address, send, wait),
    );
}

export function ioredisWait(client: IoredisClient): (key: string, send: IoredisSend, wait: Wait) => Waited {
  if ((client as { isCluster?: unknown }).isCluster !== true) {
    return (_, send, wait) => together(client as IoredisServer, send, wait);
  }
  const cluster = client as unknown as IoredisCluster;

  async function routed(send: IoredisSend, { replicas, withinMs }: Wait): Waited {
    const pipeline = cluster.pipeline();
    send(pipeline);
    pipeline.wait(replicas, withinMs);
    const [command, waited] = (await pipeline.exec()) ?? [];
    if (command === undefined) throw new Error("no answer");
    const [failed, answer] = command;
    if (failed !== null) throw failed;
    return [answer, waited?.[0] === null ? Number(waited[1]) : 0];
  }

  async function asked(address: string, send: IoredisSend, wait: Wait): Promise<[unknown, number] | undefined> {
    const server = cluster.nodes("master").find(({ options: { host, port } }) => `${host}:${port}` === address);
    if (server === undefined) return undefined;
    const asking = server.asking();
    const [answer] = await Promise.all([together(server, send, wait), asking]);
    return answer;
  }
  return (key, send, wait) =>
    redirected(
      () => routed(send, wait),
      () => client.getBuffer(key),
      (address) => asked(address, send, wait),
    );
}

async function together<Server extends { wait(replicas: number, withinMs: number): Promise<number> }>(
  server: Server,
  send: (to: Server) => unknown,
  { replicas, withinMs }: Wait,
): Waited {
  // What WAIT says of its own failure must not pass for the outcome of the command.
  const [answer, confirmed] = await Promise.all([send(server), server.wait(replicas, withinMs).catch(() => 0)]);
  return [answer, Number(confirmed)];
}

/**
 * The clients follow a slot that moves, but not with two commands.
 * @param discover has the client follow it, and remember where it went.
 * @param asked sends both to the server of that address, which takes the slot over; undefined: the client does not know it.
 */
async function redirected(
  routed: () => Waited,
  discover: () => Promise<unknown>,
  asked: (address: string) => Promise<[unknown, number] | undefined>,
): Waited {
  for (let left = REDIRECTIONS; ; left--) {
    try {
      return await routed();
    } catch (error) {
      const [, kind, address] = REDIRECTION.exec(error instanceof Error ? error.message : "") ?? [];
      if (left === 0 || address === undefined) throw error;
      const answer = kind === "ASK" ? await asked(address) : undefined;
      if (answer !== undefined) return answer;
      await discover();
    }
  }
}
