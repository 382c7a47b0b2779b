import { readFileSync } from "node:fs";

/** Reads `vectors/<name>.json`: wire formats that both halves test. The caller states the shape. */
export function readVectors<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), "utf8")) as T;
}
