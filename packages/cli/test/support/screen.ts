import { PassThrough, Writable } from "node:stream";
import type { Screen } from "../../src/io.ts";

/** A terminal of one line: what stands on it, and every line that has stood there. */
export class FakeScreen extends Writable implements Screen {
  readonly isTTY = true;
  readonly columns: number;
  readonly seen: string[] = [];
  #line = "";
  #column = 0;

  constructor(columns = 80) {
    super();
    this.columns = columns;
  }

  get line(): string {
    return this.#line.trimEnd();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal is driven by
    for (const [part] of String(chunk).matchAll(/\u001b\[(\d*)[A-Za-z]|[\r\n]|[^\u001b\r\n]+/g)) {
      if (part === "\r" || part === "\u001b[1G") this.#column = 0;
      else if (part === "\n") this.#line = "";
      else if (part.startsWith("\u001b")) this.clearLine(1);
      else this.#put(part);
    }
    done();
  }

  #put(text: string): void {
    this.#line =
      this.#line.slice(0, this.#column).padEnd(this.#column) + text + this.#line.slice(this.#column + text.length);
    this.#column += text.length;
    this.seen.push(this.line);
  }

  cursorTo(column: number): boolean {
    this.#column = column;
    return true;
  }

  /** @param from 1: from the cursor on; absent or 0: all of it. */
  clearLine(from = 0): boolean {
    this.#line = from === 1 ? this.#line.slice(0, this.#column) : "";
    return true;
  }
}

/** Somebody who answers `text` as soon as they are asked. */
export function typing(text: string): NodeJS.ReadableStream {
  const keyboard = new PassThrough();
  keyboard.write(text);
  return keyboard;
}
