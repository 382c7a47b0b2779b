import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createFakeRuntime } from "@sojourn/core/testing";
import type { AuditEntry } from "@sojourn/session";
import { auditFile } from "@sojourn/session/audit";
import { describe, expect, it } from "vitest";
import { forkNode } from "../../../../test/fixtures/node-process.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { turn } from "../engine/support.ts";
import { scriptedFs } from "./scripted-fs.ts";

const PATH = "/logs/audit.jsonl";
const entry = (id: string): AuditEntry => ({ at: "2026-01-01T00:00:00.000Z", type: "session.created", id });
const parse = (text: string): { type: string; id?: string; lost?: number }[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const idsIn = (text: string) => parse(text).map(({ id, type, lost }) => id ?? `${type} ${lost}`);

function scene(maxWaiting = 100) {
  const { clock, logger, lines } = createFakeRuntime();
  const fs = scriptedFs();
  const audit = auditFile(PATH, { fs, clock, logger, maxWaiting });
  const write = (...ids: string[]) => {
    for (const id of ids) audit.write(entry(id));
  };
  return { clock, fs, lines, audit, write };
}

describe("auditFile", () => {
  it("writes nothing while it is called, and then everything at once and in order", async () => {
    const { audit, fs, write } = scene();
    write("a", "b", "c");
    expect([audit.waiting, fs.writes]).toEqual([3, []]);
    await audit.flush();
    expect(idsIn(fs.text)).toEqual(["a", "b", "c"]);
    expect([fs.writes.length, audit.waiting]).toEqual([1, 0]);
    expect(fs.opened).toEqual([`${PATH} a+ 600`]);
  });

  it("goes on with what comes while it writes, and needs nobody to flush", async () => {
    const { fs, write } = scene();
    let open = () => {};
    fs.gate = new Promise((resolve) => {
      open = resolve;
    });
    write("a");
    await turn();
    write("b");
    const written = fs.nextWrite();
    open();
    await written;
    await turn();
    expect(idsIn(fs.text)).toEqual(["a", "b"]);
  });

  it("writes at most a thousand lines at a time", async () => {
    const { audit, fs, write } = scene(5_000);
    write(...Array.from({ length: 2_500 }, (_, i) => `s${i}`));
    await audit.flush();
    expect(fs.writes.map((text) => parse(text).length)).toEqual([1_000, 1_000, 500]);
    expect(idsIn(fs.text).at(-1)).toBe("s2499");
  });

  it("goes on by itself when the file can be written again, and says once that it cannot and once that it can", async () => {
    const { audit, fs, write, clock, lines } = scene();
    fs.refuses = "ENOENT";
    write("a");
    await audit.flush();
    clock.advance(1_000);
    await turn();
    write("b");
    expect([audit.waiting, clock.armed]).toEqual([2, 1]);
    fs.refuses = undefined;
    const written = fs.nextWrite();
    clock.advance(1_000);
    await written;
    await turn();
    expect(idsIn(fs.text)).toEqual(["a", "b"]);
    expect(clock.armed).toBe(0);
    expect(lines).toEqual([
      {
        level: "error",
        message: "the audit file cannot be written; entries wait",
        fields: { path: PATH, error: "ENOENT" },
      },
      { level: "info", message: "the audit file can be written again", fields: { path: PATH } },
    ]);
  });

  it("tries no more often than it says while it cannot write", async () => {
    const { audit, fs, write, clock } = scene();
    let attempts = 0;
    const { open } = fs;
    fs.open = (...args) => {
      attempts++;
      return open(...args);
    };
    fs.refuses = "EACCES";
    write("a");
    await audit.flush();
    write("b", "c");
    clock.advance(999);
    await turn();
    expect(attempts).toBe(1);
  });

  it("keeps no more than it may, and says where and how many were lost", async () => {
    const { audit, fs, write, lines } = scene(3);
    fs.refuses = "EROFS";
    write("a", "b", "c", "d", "e");
    await audit.flush();
    expect([audit.waiting, audit.lost]).toEqual([3, 2]);
    fs.refuses = undefined;
    await audit.flush();
    expect(idsIn(fs.text)).toEqual(["a", "b", "c", "audit.lost 2"]);
    expect(parse(fs.text)[3]).toMatchObject({ at: "2026-01-01T00:00:00.000Z" });
    const told = lines.filter(({ message }) => message === "audit entries were lost");
    expect(told).toEqual([{ level: "error", message: expect.any(String), fields: { path: PATH, lost: 2 } }]);
  });

  it("says that some were lost before it takes further ones", async () => {
    const { audit, fs, write } = scene(4);
    write("a", "b", "c", "d", "lost");
    fs.room = 2 * `${JSON.stringify(entry("a"))}\n`.length;
    await audit.flush();
    expect(audit.waiting).toBe(2);
    write("e");
    fs.room = Number.POSITIVE_INFINITY;
    await audit.flush();
    expect(idsIn(fs.text)).toEqual(["a", "b", "c", "d", "audit.lost 1", "e"]);
  });

  it("cuts no line: what a full disk took a part of is written again, whole", async () => {
    const { audit, fs, write } = scene();
    write("a", "b", "c");
    fs.room = JSON.stringify(entry("a")).length + 11;
    await audit.flush();
    expect(audit.waiting).toBe(2);
    fs.room = 5;
    await audit.flush();
    await audit.flush();
    fs.room = Number.POSITIVE_INFINITY;
    await audit.flush();
    const lines = fs.text.split("\n");
    expect(lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line).id)).toEqual(["a", "b", "c"]);
    expect(fs.text.endsWith("}\n")).toBe(true);
  });

  it("ends the line that a crash left open before it adds one", async () => {
    const { audit, fs, write } = scene();
    fs.text = '{"at":"2026';
    write("a");
    await audit.flush();
    expect(fs.text.split("\n")).toEqual(['{"at":"2026', JSON.stringify(entry("a")), ""]);
  });

  it("closes once, with all that waits; what cannot be written or comes later is lost and said so", async () => {
    const { audit, fs, write, lines, clock } = scene();
    write("a");
    const closing = audit.close();
    expect(audit.close()).toBe(closing);
    await closing;
    expect(idsIn(fs.text)).toEqual(["a"]);
    write("b", "c");
    await audit.close();
    expect([audit.lost, audit.waiting]).toEqual([2, 0]);
    expect(lines.map(({ message }) => message)).toEqual(["an audit entry came after the file was closed"]);

    const broken = scene();
    broken.fs.refuses = "ENOSPC";
    broken.write("a", "b");
    await broken.audit.close();
    expect([broken.audit.lost, broken.audit.waiting, broken.clock.armed, clock.armed]).toEqual([2, 0, 0, 0]);
    expect(broken.lines.at(-1)).toMatchObject({ message: "audit entries were lost", fields: { lost: 2 } });
  });

  it("keeps whatever a user is called on one line, unchanged and harmless to a terminal", async () => {
    const { audit, fs } = scene();
    const userId = 'a"\\b\r\n{"type":"session.ended"}\u0000\u001b[2J\u0085\u2028\u2029\u202e\u2066é😀';
    audit.write({ ...entry("x"), type: "session.login", userId } as AuditEntry);
    await audit.flush();
    expect(fs.text).toMatch(/^[ -~é😀]+\n$/u);
    expect(parse(fs.text)).toEqual([{ ...entry("x"), type: "session.login", userId }]);
  });

  it.each([
    ["", {}, /path is no path/],
    [undefined, {}, /path is no path/],
    ["x", { maxWaiting: 0 }, /maxWaiting is out of range/],
    ["x", { retryAfter: "soon" }, /DURATION_INVALID/],
  ])("refuses %s with %o", (path, options, message) => {
    expect(() => auditFile(path as string, options as object)).toThrow(message);
  });
});

describe("a real file", () => {
  const real = () => {
    const { clock, logger, lines } = createFakeRuntime();
    const path = join(tempDir(), "logs", "audit.jsonl");
    mkdirSync(join(path, ".."));
    return { path, clock, lines, audit: auditFile(path, { clock, logger }) };
  };

  it("is for its owner alone, and added to", async () => {
    const { path, audit } = real();
    audit.write(entry("a"));
    await audit.flush();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o640);
    audit.write(entry("b"));
    await audit.close();
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(idsIn(readFileSync(path, "utf8"))).toEqual(["a", "b"]);
  });

  it("may be rotated or emptied without a word, and its folder may come back", async () => {
    const { path, audit, lines, clock } = real();
    audit.write(entry("a"));
    await audit.flush();
    renameSync(path, `${path}.1`);
    audit.write(entry("b"));
    await audit.flush();
    expect([idsIn(readFileSync(`${path}.1`, "utf8")), idsIn(readFileSync(path, "utf8"))]).toEqual([["a"], ["b"]]);
    writeFileSync(path, "");
    audit.write(entry("c"));
    await audit.flush();
    expect(idsIn(readFileSync(path, "utf8"))).toEqual(["c"]);

    rmSync(join(path, ".."), { recursive: true });
    audit.write(entry("d"));
    await audit.flush();
    expect(lines).toMatchObject([{ level: "error", fields: { error: "ENOENT" } }]);
    mkdirSync(join(path, ".."));
    clock.advance(1_000);
    await audit.flush();
    expect(idsIn(readFileSync(path, "utf8"))).toEqual(["d"]);
  });

  it("takes the lines of two processes whole and in each one's order, and SIGTERM loses none", async () => {
    const path = join(tempDir(), "audit.jsonl");
    const script = join(import.meta.dirname, "fixtures/append.mjs");
    const started = await Promise.all(["a", "b"].map((who) => forkNode<string>(script, { args: [path, who, "2000"] })));
    for (const { send } of started) send("go");
    // Both have written some of theirs and have more waiting.
    for (const { next, child } of started) {
      expect(await next()).toBe("all given");
      child.kill("SIGTERM");
    }
    expect(await Promise.all(started.map(({ exited }) => exited))).toEqual([0, 0]);
    const ids = idsIn(readFileSync(path, "utf8"));
    for (const who of ["a", "b"]) {
      expect(ids.filter((id) => id.startsWith(who))).toEqual(Array.from({ length: 2_000 }, (_, i) => `${who}${i}`));
    }
  });
});
