import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { createFakeRuntime, type FakeRuntime } from "@sojourn/core/testing";
import { onTestFinished } from "vitest";
import type { PlaneEvent } from "../../../src/plane/events.ts";
import { createPlane, type Plane, type PlaneOptions } from "../../../src/plane/plane.ts";
import { type FakeDirector, type FakeOptions, fakeDirector } from "./director.ts";

/** A socket whose text can be awaited piece by piece. */
export class RawSocket {
  readonly socket: Socket;
  /** Everything received, one character a byte. */
  text = "";
  ended = false;
  closed = false;
  error: NodeJS.ErrnoException | undefined;
  private taken = 0;
  private wake: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk) => {
      this.text += chunk.toString("latin1");
      this.notify();
    });
    socket.on("end", () => {
      this.ended = true;
      this.notify();
    });
    socket.on("error", (error) => {
      this.error = error;
    });
    socket.on("close", () => {
      this.closed = true;
      this.ended = true;
      this.notify();
    });
  }

  write(text: string | Buffer): void {
    this.socket.write(typeof text === "string" ? Buffer.from(text, "latin1") : text);
  }

  /** Text up to and including the next `mark`. Rejects when the other side closes first. */
  async until(mark: string): Promise<string> {
    await this.when(() => this.text.indexOf(mark, this.taken) !== -1 || this.ended);
    const at = this.text.indexOf(mark, this.taken);
    if (at === -1)
      throw new Error(`closed before ${JSON.stringify(mark)}: ${JSON.stringify(this.text.slice(this.taken))}`);
    const found = this.text.slice(this.taken, at + mark.length);
    this.taken = at + mark.length;
    return found;
  }

  async bytes(count: number): Promise<string> {
    await this.when(() => this.text.length - this.taken >= count || this.ended);
    if (this.text.length - this.taken < count) throw new Error(`closed after ${this.text.length - this.taken} bytes`);
    const found = this.text.slice(this.taken, this.taken + count);
    this.taken += count;
    return found;
  }

  /** Reads one response or request with Content-Length, or without a body. */
  async message(): Promise<{ head: string; body: string }> {
    const head = await this.until("\r\n\r\n");
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    return { head, body: length === null ? "" : await this.bytes(Number(length[1])) };
  }

  /** The rest until the other side closes. */
  async rest(): Promise<string> {
    await this.when(() => this.ended);
    const found = this.text.slice(this.taken);
    this.taken = this.text.length;
    return found;
  }

  /** The other side sends no more: it has closed, reset, or half-closed. */
  async gone(): Promise<void> {
    await this.when(() => this.ended);
  }

  async reset(): Promise<void> {
    await this.when(() => this.closed);
  }

  private async when(ready: () => boolean): Promise<void> {
    while (!ready()) await new Promise<void>((resolve) => void this.wake.push(resolve));
  }

  private notify(): void {
    for (const resolve of this.wake.splice(0)) resolve();
  }
}

/** A server that does nothing but accept; the test writes its answers. */
export interface RawOrigin {
  readonly port: number;
  readonly server: Server;
  /** All connections so far. */
  readonly connections: RawSocket[];
  /** The connection number `index`, counted from 0, once it exists. */
  connection(index: number): Promise<RawSocket>;
  close(): Promise<void>;
}

export async function rawOrigin(onConnection?: (connection: RawSocket) => void): Promise<RawOrigin> {
  const connections: RawSocket[] = [];
  let wake: (() => void)[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const raw = new RawSocket(socket);
    connections.push(raw);
    onConnection?.(raw);
    for (const resolve of wake.splice(0)) resolve();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const origin: RawOrigin = {
    port: address.port,
    server,
    connections,
    async connection(index) {
      for (;;) {
        const found = connections[index];
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => void wake.push(resolve));
      }
    },
    async close() {
      for (const { socket } of connections) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, "close");
      wake = [];
    },
  };
  onTestFinished(() => origin.close());
  return origin;
}

/** An origin that answers every request it can read, and remembers each of them. */
export async function echoOrigin(respond = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
  const requests: string[] = [];
  const origin = await rawOrigin((raw) => {
    void (async () => {
      for (;;) {
        const { head, body } = await raw.message();
        requests.push(head + body);
        raw.write(respond);
      }
    })().catch(() => {});
  });
  return { ...origin, requests };
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const origin = await rawOrigin();
  await origin.close();
  return origin.port;
}

export interface Rig {
  readonly plane: Plane;
  readonly director: FakeDirector;
  readonly runtime: FakeRuntime;
  readonly events: PlaneEvent[];
  readonly port: number;
  client(): Promise<RawSocket>;
  /** Sends one request on a connection of its own and reads the whole answer. */
  ask(request: string): Promise<string>;
}

/** A plane behind a listener on a free port, before the given servers. */
export async function rig(
  ports: readonly number[],
  options: FakeOptions & Pick<PlaneOptions, "limits" | "trustedProxies"> = {},
): Promise<Rig> {
  const director = fakeDirector(ports, options);
  const runtime = createFakeRuntime();
  const events: PlaneEvent[] = [];
  const { limits, trustedProxies } = options;
  const plane = createPlane({
    director,
    runtime,
    onEvent: (event) => void events.push(event),
    ...(limits === undefined ? {} : { limits }),
    ...(trustedProxies === undefined ? {} : { trustedProxies }),
  });
  const server = createServer((socket) => plane.accept(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const clients: RawSocket[] = [];
  onTestFinished(async () => {
    for (const { socket } of clients) socket.destroy();
    const closed = plane.close(0);
    runtime.clock.advance(1);
    await closed;
    server.close();
  });
  async function client(): Promise<RawSocket> {
    const socket = connect({
      port: address === null || typeof address === "string" ? 0 : address.port,
      host: "127.0.0.1",
      allowHalfOpen: true,
    });
    const raw = new RawSocket(socket);
    clients.push(raw);
    await once(socket, "connect");
    return raw;
  }
  return {
    plane,
    director,
    runtime,
    events,
    port: address.port,
    client,
    async ask(request) {
      const raw = await client();
      raw.write(request);
      const { head, body } = await raw.message();
      raw.socket.destroy();
      return head + body;
    },
  };
}
