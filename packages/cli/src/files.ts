import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { SojournError } from "@sojourn/core";
import type { Io } from "./io.ts";

/** A file that the user named, relative to where the command runs. @throws FILE_UNREADABLE */
export function readText(file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.cwd, file), "utf8");
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : "it cannot be opened";
    throw new SojournError("FILE_UNREADABLE", { file, reason }, { cause: error });
  }
}
