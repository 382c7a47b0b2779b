import type { AppendFs } from "@sojourn/session/audit";

/** A disk with one file, in memory. */
export interface ScriptedFs extends AppendFs {
  /** What stands in the file. */
  text: string;
  /** The paths and modes of each opening. */
  readonly opened: string[];
  /** What each write was given. */
  readonly writes: string[];
  /** `open` fails with this code while it is set. */
  refuses: string | undefined;
  /** Bytes that still fit. */
  room: number;
  /** While it is set, `open` waits for it. */
  gate: Promise<void> | undefined;
  /** Resolves when the file has next been written to and closed. */
  nextWrite(): Promise<void>;
}

export function scriptedFs(): ScriptedFs {
  let bytes = Buffer.alloc(0);
  let wrote = () => {};
  const fs: ScriptedFs = {
    opened: [],
    writes: [],
    refuses: undefined,
    room: Number.POSITIVE_INFINITY,
    gate: undefined,
    nextWrite: () =>
      new Promise((resolve) => {
        wrote = resolve;
      }),
    get text() {
      return bytes.toString();
    },
    set text(text) {
      bytes = Buffer.from(text);
    },
    async open(path, flags, mode) {
      await fs.gate;
      if (fs.refuses !== undefined) throw Object.assign(new Error(`cannot open ${path}`), { code: fs.refuses });
      fs.opened.push(`${path} ${flags} ${mode.toString(8)}`);
      return {
        stat: async () => ({ size: bytes.length }),
        async read(buffer, offset, length, position) {
          return { bytesRead: bytes.copy(buffer, offset, position, position + length) };
        },
        async write(given) {
          const taken = Buffer.from(given.subarray(0, fs.room));
          if (taken.length === 0) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
          fs.writes.push(taken.toString());
          fs.room -= taken.length;
          bytes = Buffer.concat([bytes, taken]);
          return { bytesWritten: taken.length };
        },
        close: async () => wrote(),
      };
    },
  };
  return fs;
}
