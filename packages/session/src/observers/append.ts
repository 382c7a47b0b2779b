import type { FileHandle } from "node:fs/promises";

/** The part of `node:fs/promises` that an audit file calls. */
export interface AppendFs {
  open(path: string, flags: string, mode: number): Promise<AppendHandle>;
}
export type AppendHandle = Pick<FileHandle, "close"> & {
  stat(): Promise<{ readonly size: number }>;
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(buffer: Uint8Array): Promise<{ readonly bytesWritten: number }>;
};

const NEWLINE = 10;

/**
 * Appends whole lines by one `write(2)` with O_APPEND: on a local disk lines of several processes never mix. The path
 * is opened anew each time, so a file that was moved, rotated or deleted needs no word to anybody. An end of file in
 * the middle of a line, as a full disk or a crash leaves it, is closed by a newline first.
 * @returns how many of the lines are in the file; less than all when the disk took only a part.
 */
export async function appendLines(fs: AppendFs, path: string, lines: readonly string[]): Promise<number> {
  const file = await fs.open(path, "a+", 0o600);
  try {
    const prefix = (await endsInsideLine(file)) ? "\n" : "";
    const bytes = Buffer.from(prefix + lines.join(""));
    const { bytesWritten } = await file.write(bytes);
    if (bytesWritten === bytes.length) return lines.length;
    return Math.max(0, count(bytes.subarray(0, bytesWritten)) - prefix.length);
  } finally {
    await file.close();
  }
}

async function endsInsideLine(file: AppendHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = new Uint8Array(1);
  const { bytesRead } = await file.read(last, 0, 1, size - 1);
  return bytesRead === 1 && last[0] !== NEWLINE;
}

function count(bytes: Uint8Array): number {
  return bytes.reduce((newlines, byte) => newlines + (byte === NEWLINE ? 1 : 0), 0);
}
