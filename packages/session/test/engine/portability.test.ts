import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const src = new URL("../../src/", import.meta.url);

/** Every file that an import of `entry` loads, types included, and what each imports from outside. */
function reached(entry: string): { readonly files: readonly string[]; readonly outside: ReadonlySet<string> } {
  const files = new Set<string>();
  const outside = new Set<string>();
  const visit = (file: URL) => {
    if (files.has(file.href)) return;
    files.add(file.href);
    for (const [, from = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\() ?"([^"]+)"/g)) {
      if (from.startsWith(".")) visit(new URL(from, file));
      else outside.add(from);
    }
  };
  visit(new URL(entry, src));
  return { files: [...files].map((href) => href.slice(src.href.length)), outside };
}

describe("the engine runs where there is no Node", () => {
  const { files, outside } = reached("index.ts");

  it("imports nothing but its own files, core, and one plain library", () => {
    expect(files.length).toBeGreaterThan(50);
    expect([...outside].sort()).toEqual(["@sojourn/core", "@sojourn/core/key-file", "ipaddr.js"]);
  });

  it("loads no store, carrier, adapter or observer from the root", () => {
    expect(files.filter((name) => /^(stores|carriers|adapters|observers|testing)\//.test(name))).toEqual([]);
  });

  it("needs OpenTelemetry and nothing of Node for telemetry", () => {
    expect([...reached("observers/otel.ts").outside].sort()).toEqual(["@opentelemetry/api", "@sojourn/core"]);
  });
});
