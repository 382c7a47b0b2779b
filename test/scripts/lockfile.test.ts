import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

interface Entry {
  readonly version?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const entriesOf = (file: string): [string, Entry][] =>
  Object.entries(JSON.parse(readFileSync(join(root, file), "utf8")).packages);

describe.each(["package-lock.json", "bench/package-lock.json", "test/sqlite-clients/package-lock.json"])(
  "%s",
  (file) => {
    const entries = entriesOf(file);

    it("names no registry, so that any mirror serves", () => {
      expect(entries.filter(([, { resolved }]) => /^\w+:/.test(resolved ?? ""))).toEqual([]);
    });

    it("has the version and hash of every package", () => {
      const outside = entries.filter(([path, { link }]) => path.includes("node_modules/") && !link);
      expect(outside.length).toBeGreaterThan(0);
      for (const [path, { version, integrity }] of outside) {
        expect(version, path).toBeDefined();
        expect(integrity, path).toMatch(/^sha512-/);
      }
    });

    it("has the builds for every platform: npm ci refuses a lockfile without them", () => {
      const names = new Set(entries.map(([path]) => path.slice(path.lastIndexOf("node_modules/") + 13)));
      const missing = entries.flatMap(([, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies).filter((name) => !names.has(name)),
      );
      expect(missing).toEqual([]);
    });
  },
);

it("package-lock.json knows every workspace", () => {
  const paths = new Set(entriesOf("package-lock.json").map(([path]) => path));
  const workspaces = ["packages", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder))
      .map((name) => `${folder}/${name}`)
      .filter((path) => existsSync(join(root, path, "package.json"))),
  );
  expect(workspaces.length).toBeGreaterThan(3);
  for (const workspace of workspaces) expect(paths).toContain(workspace);
});
