import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { SojournError } from "./errors/sojourn-error.ts";
import { type FindKeysOptions, type FoundKeys, findKeysBy } from "./key-source.ts";
import { generateKey, hex, parseKeys } from "./key-text.ts";

export type { FindKeysOptions, FoundKeys } from "./key-source.ts";

/** Name of the key file in its directory. */
export const KEY_FILE = "keys";

/**
 * The keys of a process (design §5): the option `keys`, else `SOJOURN_KEYS`. With neither, production refuses;
 * elsewhere a key is made once in `.sojourn/keys` (0600, ignored by git) and one line says so. Processes that start
 * together agree on one key: `link` lets exactly one of them put the file there, whole.
 * @throws KEY_MISSING KEY_FILE_UNUSABLE KEY_INVALID KEY_RING_UNUSABLE
 */
export function findKeys(options: FindKeysOptions): FoundKeys {
  return findKeysBy(options, keepInFile);
}

function keepInFile({ directory = ".sojourn", runtime }: FindKeysOptions): FoundKeys {
  const path = join(resolve(directory), KEY_FILE);
  const unusable = (reason: string, cause?: unknown) =>
    new SojournError("KEY_FILE_UNUSABLE", { path, reason }, cause === undefined ? {} : { cause });
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined && make(path, resolve(directory), runtime)) {
      runtime.logger.warn(`made a key in ${path} for development; in production set SOJOURN_KEYS`);
    }
    const looseBits = statSync(path).mode & 0o077;
    // Windows reports no such bits: its files answer 0666 whatever their access list says.
    if (looseBits !== 0 && process.platform !== "win32")
      throw unusable(`other users can read it; run: chmod 600 ${path}`);
    const keys = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
    parseKeys(keys, path);
    return { keys, where: path };
  } catch (error) {
    if (error instanceof SojournError) throw error;
    throw unusable(error instanceof Error && "code" in error ? String(error.code) : "it cannot be read", error);
  }
}

/** @returns whether this process made it; false: another one was first. */
function make(path: string, directory: string, { random }: FindKeysOptions["runtime"]): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${hex(random.bytes(8))}`;
  writeFileSync(draft, `${generateKey(random)}\n`, { mode: 0o600, flag: "wx" });
  try {
    writeOnce(join(directory, ".gitignore"), "*\n");
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (!isExists(error)) throw error;
    return false;
  } finally {
    unlinkSync(draft);
  }
}

function writeOnce(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: "wx" });
  } catch (error) {
    if (!isExists(error)) throw error;
  }
}

function isExists(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EEXIST";
}
