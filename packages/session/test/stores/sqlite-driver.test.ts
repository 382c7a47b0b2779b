import { afterEach, expect, test, vi } from "vitest";
import { isBusy } from "../../src/stores/sqlite-driver.ts";

afterEach(() => {
  vi.doUnmock("node:module");
  vi.restoreAllMocks();
});

test("without any driver, construction says what to install", async () => {
  vi.doMock("node:module", () => ({
    createRequire: () => () => {
      throw Object.assign(new Error("Cannot find module 'libsql'"), { code: "MODULE_NOT_FOUND" });
    },
  }));
  if (process.getBuiltinModule !== undefined) vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
  vi.resetModules();
  const { sqliteStore } = await import("@sojourn/session/stores/sqlite");
  expect(() => sqliteStore(":memory:")).toThrow(
    expect.objectContaining({ code: "STORE_DRIVER_MISSING", message: expect.stringContaining("npm install libsql") }),
  );
});

test("node:sqlite goes before libsql where this Node has it", async () => {
  const opened: string[] = [];
  class DatabaseSync {
    constructor(path: string) {
      opened.push(path);
      throw new Error("enough seen");
    }
  }
  vi.spyOn(process, "getBuiltinModule").mockReturnValue({ DatabaseSync } as never);
  vi.resetModules();
  const { sqliteStore } = await import("@sojourn/session/stores/sqlite");
  expect(() => sqliteStore(":memory:")).toThrow(expect.objectContaining({ code: "STORE_OPEN_FAILED" }));
  expect(opened).toEqual([":memory:"]);
});

test.each([
  ["libsql", { code: "SQLITE_BUSY", rawCode: 5 }, true],
  ["libsql, extended", { code: "SQLITE_BUSY_SNAPSHOT", rawCode: 517 }, true],
  ["node:sqlite", { code: "ERR_SQLITE_ERROR", errcode: 5 }, true],
  ["node:sqlite, extended", { code: "ERR_SQLITE_ERROR", errcode: 261 }, true],
  ["better-sqlite3", { code: "SQLITE_BUSY_RECOVERY" }, true],
  ["locked", { code: "SQLITE_LOCKED", rawCode: 6 }, true],
  ["full", { code: "SQLITE_FULL", rawCode: 13 }, false],
  ["node:sqlite, read-only", { code: "ERR_SQLITE_ERROR", errcode: 8 }, false],
  ["something else", {}, false],
])("busy is told by %s's codes", (_driver, codes, busy) => {
  expect(isBusy(Object.assign(new Error("x"), codes))).toBe(busy);
});
