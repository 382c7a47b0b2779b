import type { Socket } from "node:net";
import { latin1 } from "./chars.ts";

/** Pieces up to this size are joined into one string: one system call instead of a vectored one. */
const JOIN_BYTES = 4_096;
const JOIN_TOTAL = 16_384;

/** Gathers what one event writes to a socket and hands it over in as few writes as possible. */
export class Writer {
  private readonly socket: Socket;
  private text = "";
  private corked = false;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  /** Latin-1 text: heads and chunk framing. */
  write(text: string): void {
    this.text = this.text === "" ? text : this.text + text;
  }

  data(chunk: Buffer): void {
    if (!this.join(chunk)) this.socket.write(chunk);
  }

  /** As `data`, of a chunk whose memory will be used again. */
  lent(chunk: Buffer): void {
    if (!this.join(chunk)) this.socket.write(Buffer.from(chunk));
  }

  private join(chunk: Buffer): boolean {
    if (chunk.length <= JOIN_BYTES && this.text.length <= JOIN_TOTAL) {
      this.text += latin1(chunk);
      return true;
    }
    if (this.text !== "") this.handOver();
    return false;
  }

  private handOver(): void {
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
    }
    this.socket.write(this.text, "latin1");
    this.text = "";
  }

  /** False: the socket holds more than it should; wait for its `drain`. */
  flush(): boolean {
    const { socket } = this;
    if (this.text !== "") {
      socket.write(this.text, "latin1");
      this.text = "";
    }
    if (this.corked) {
      this.corked = false;
      socket.uncork();
    }
    return !socket.writableNeedDrain;
  }
}
