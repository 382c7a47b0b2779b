import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A stretch of wire in front of a server that keeps what went towards it, and dies with it. */
export class Wire {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #towards: Buffer[] = [];

  private constructor(serverPort: number) {
    this.#server = createServer((near) => {
      const far = connect(serverPort, "127.0.0.1");
      far.setNoDelay(true);
      near.setNoDelay(true);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => this.#sockets.delete(socket));
      }
      near.on("data", (bytes: Buffer) => {
        this.#towards.push(bytes);
        if (far.writable) far.write(bytes);
      });
      far.on("data", (bytes: Buffer) => near.write(bytes));
      near.on("close", () => far.destroy());
      // What was on its way when the server died must still be read, or it would not be on record.
      far.on("close", () => near.end());
    });
  }

  static async to(serverPort: number): Promise<Wire> {
    const wire = new Wire(serverPort);
    wire.#server.listen(0, "127.0.0.1");
    await once(wire.#server, "listening");
    return wire;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Whether bytes that hold this text have gone towards the server. */
  carried(text: string): boolean {
    return Buffer.concat(this.#towards).includes(text);
  }

  /** New connections are refused from here on; open ones end with the server's. */
  refuse(): void {
    this.#server.close();
  }

  cut(): void {
    this.refuse();
    for (const socket of this.#sockets) socket.destroy();
  }
}
