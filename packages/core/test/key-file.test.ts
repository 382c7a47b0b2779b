import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRuntime, createSystemRandom, generateKey, parseKeys } from "@sojourn/core";
import { findKeys } from "@sojourn/core/key-file";
import { createFakeRuntime } from "@sojourn/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findKeys as findKeysWithoutFiles } from "../src/key-file-web.ts";

let directory: string;
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "sojourn-keys-"));
  directory = join(parent, ".sojourn");
});
afterEach(() => rmSync(parent, { recursive: true, force: true }));

const who = "createBalancer";
const key = generateKey(createSystemRandom());
const runtime = createRuntime();

describe("where keys come from", () => {
  it("takes the option before the variable", () => {
    const found = findKeys({ who, keys: key, environment: { SOJOURN_KEYS: "other" }, runtime, directory });
    expect(found).toEqual({ keys: key, where: "keys" });
  });

  it("takes SOJOURN_KEYS before the file, and makes no file", () => {
    const found = findKeys({ who, environment: { SOJOURN_KEYS: ` ${key} ` }, runtime, directory });
    expect(found).toEqual({ keys: key, where: "SOJOURN_KEYS" });
    expect(existsSync(directory)).toBe(false);
  });

  it("refuses in production, with the command that makes a key", () => {
    const attempt = () => findKeys({ who, environment: { NODE_ENV: "production" }, runtime, directory });
    expect(attempt).toThrow(/KEY_MISSING: createBalancer .*npx sojourn keygen/);
    expect(existsSync(directory)).toBe(false);
  });

  it("treats an empty variable as unset", () => {
    const environment = { NODE_ENV: "production", SOJOURN_KEYS: " " };
    expect(() => findKeys({ who, environment, runtime, directory })).toThrow(/KEY_MISSING/);
  });

  it("refuses where there are no files", () => {
    expect(() => findKeysWithoutFiles({ who, environment: {}, runtime })).toThrow(/KEY_MISSING/);
    expect(findKeysWithoutFiles({ who, environment: { SOJOURN_KEYS: key }, runtime }).keys).toBe(key);
  });
});

describe("the key file", () => {
  it("is made once, private and ignored by git, with one line of notice", () => {
    const first = createFakeRuntime({ random: createSystemRandom() });
    const made = findKeys({ who, environment: {}, runtime: first, directory });
    expect(parseKeys(made.keys, "test")).toHaveLength(1);
    expect(made.where).toBe(join(directory, "keys"));
    expect(statSync(made.where).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(directory, ".gitignore"), "utf8")).toBe("*\n");
    expect(readdirSync(directory).sort()).toEqual([".gitignore", "keys"]);
    expect(first.lines).toHaveLength(1);
    expect(first.lines[0]?.message).toContain(made.where);
    expect(JSON.stringify(first.lines)).not.toContain(String(made.keys).split(".")[2]);

    const second = createFakeRuntime({ random: createSystemRandom() });
    expect(findKeys({ who, environment: {}, runtime: second, directory })).toEqual(made);
    expect(second.lines).toHaveLength(0);
  });

  it("may list several keys, one a line", () => {
    const other = generateKey(createSystemRandom());
    mkdirSync(directory);
    writeFileSync(join(directory, "keys"), `${key}\nopens:${other}\n\n`, { mode: 0o600 });
    expect(findKeys({ who, environment: {}, runtime, directory }).keys).toEqual([key, `opens:${other}`]);
  });

  it("is refused when other users can read it", () => {
    const { where } = findKeys({ who, environment: {}, runtime: createFakeRuntime(), directory });
    chmodSync(where, 0o644);
    expect(() => findKeys({ who, environment: {}, runtime, directory })).toThrow(/KEY_FILE_UNUSABLE.*chmod 600/);
  });

  it("is refused when damaged, without quoting it", () => {
    mkdirSync(directory);
    writeFileSync(join(directory, "keys"), `${key.slice(0, -1)}\n`, { mode: 0o600 });
    const attempt = () => findKeys({ who, environment: {}, runtime, directory });
    expect(attempt).toThrow(/KEY_INVALID: key 1 in .*keys/);
    expect(attempt).not.toThrow(new RegExp(key.slice(14, 40)));
  });

  it("says so when its directory cannot be made", () => {
    writeFileSync(directory, "a file where the directory should be");
    expect(() => findKeys({ who, environment: {}, runtime, directory })).toThrow(/KEY_FILE_UNUSABLE/);
  });

  it("is one key for processes that start together: the later one takes the first one's", () => {
    const random = createSystemRandom();
    // Draws happen after this process saw no file and before it puts its own there: the rival is done by then.
    const rival = () => findKeys({ who, environment: {}, runtime: createFakeRuntime({ random }), directory });
    let first: ReturnType<typeof rival> | undefined;
    const bytes = (length: number) => {
      first ??= rival();
      return random.bytes(length);
    };
    const late = createFakeRuntime({ random: { bytes, uint32: random.uint32 } });
    const found = findKeys({ who, environment: {}, runtime: late, directory });
    expect(found).toEqual(first);
    expect(late.lines).toHaveLength(0);
    expect(readdirSync(directory).sort()).toEqual([".gitignore", "keys"]);
  });
});
