import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const src = new URL("../../src/", import.meta.url);

describe("the engine runs where there is no Node", () => {
  const files = readdirSync(src).filter((name) => name.endsWith(".ts"));
  const imports = files.flatMap((name) =>
    [...readFileSync(new URL(name, src), "utf8").matchAll(/(?:from|import\() ?"([^"]+)"/g)].map((match) => [
      name,
      match[1] ?? "",
    ]),
  );

  it("imports nothing but its own files, core, and one plain library", () => {
    const outside = new Set(imports.map(([, from]) => from ?? "").filter((from) => !from.startsWith("./")));
    expect([...outside].sort()).toEqual(["@sojourn/core", "@sojourn/core/key-file", "ipaddr.js"]);
  });

  it("loads no store, carrier or adapter from the root", () => {
    const reached = imports.filter(([, from]) => /\.\/(stores|carriers|adapters|testing)\//.test(from ?? ""));
    expect(reached).toEqual([]);
  });
});
