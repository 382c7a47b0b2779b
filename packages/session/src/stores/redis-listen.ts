import { createWatchers, type Listening, type Tell } from "./watchers.ts";

/** A client of `redis` 5 or later that is made for listening and not yet connected, such as `client.duplicate()`. */
export interface NodeRedisListener {
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  on(event: string, listener: () => void): unknown;
  destroy(): unknown;
}

/** A client of `ioredis` 5 or later that is made for listening, such as `client.duplicate()`. */
export interface IoredisListener {
  readonly status: string;
  subscribe(channel: string): Promise<unknown>;
  on(event: string, listener: (channel: string, message: string) => void): unknown;
  disconnect(): unknown;
}

export type RedisListener = NodeRedisListener | IoredisListener;

/** One connection for all watchers. Its client finds the server again by itself. */
export function createRedisListening(make: () => RedisListener, channel: string): Listening {
  return createWatchers((tell) => {
    const client = make();
    // Without a listener the client's first error would end the process.
    client.on("error", () => {});
    return "destroy" in client && "isReady" in client
      ? listenByNodeRedis(client, channel, tell)
      : listenByIoredis(client as IoredisListener, channel, tell);
  });
}

function listenByNodeRedis(client: NodeRedisListener, channel: string, tell: Tell): () => void {
  const heard = (message: string) => tell(message);
  const begin = beginning(() => client.subscribe(channel, heard), tell);
  client.on("ready", begin);
  if (client.isReady) begin();
  else client.connect().catch(() => {});
  return () => void client.destroy();
}

function listenByIoredis(client: IoredisListener, channel: string, tell: Tell): () => void {
  client.on("message", (_, message) => tell(message));
  const begin = beginning(() => client.subscribe(channel), tell);
  client.on("ready", begin);
  if (client.status === "ready") begin();
  return () => void client.disconnect();
}

/** A connection has been made. It is subscribed, once more if the client has done so itself: only then nothing is missed. */
function beginning(subscribe: () => Promise<unknown>, tell: Tell): () => void {
  // Whatever was told while nobody listened is lost. If this connection is lost as well, the next one begins anew.
  return () =>
    void subscribe().then(
      () => tell(undefined),
      () => {},
    );
}
