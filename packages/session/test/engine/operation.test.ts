import { describe, expect, it } from "vitest";
import { applyOperation, type DataMap, type Operation } from "../../src/record/operation.ts";
import { jsonValues } from "../../src/record/values.ts";

const after = (start: Record<string, unknown>, ...operations: Operation[]) => {
  const data: DataMap = new Map(Object.entries(start)) as DataMap;
  for (const operation of operations) applyOperation(data, operation, jsonValues);
  return Object.fromEntries(data);
};
const failing = (start: Record<string, unknown>, operation: Operation) => {
  const data: DataMap = new Map(Object.entries(start)) as DataMap;
  const before = JSON.stringify([...data]);
  expect(() => applyOperation(data, operation, jsonValues)).toThrow(/SESSION_OPERATION_INVALID/);
  expect(JSON.stringify([...data])).toBe(before);
};

describe("operations, replayed", () => {
  it("set, unset, increment, push, update and clear do what they say", () => {
    expect(after({}, { kind: "set", key: "a", value: 1 })).toEqual({ a: 1 });
    expect(after({ a: 1, b: 2 }, { kind: "unset", key: "a" })).toEqual({ b: 2 });
    expect(after({}, { kind: "increment", key: "n", by: 2 }, { kind: "increment", key: "n", by: -5 })).toEqual({
      n: -3,
    });
    expect(after({ l: [1] }, { kind: "push", key: "l", items: [2, 3] })).toEqual({ l: [1, 2, 3] });
    expect(after({}, { kind: "push", key: "l", items: ["x"] })).toEqual({ l: ["x"] });
    expect(after({ t: "a" }, { kind: "update", key: "t", change: (t) => `${t}b` })).toEqual({ t: "ab" });
    expect(after({ t: "a" }, { kind: "update", key: "t", change: () => undefined })).toEqual({});
    expect(after({ a: 1, b: [2] }, { kind: "clear" })).toEqual({});
  });

  it("fails and leaves the data alone when a value is of another kind", () => {
    failing({ n: "1" }, { kind: "increment", key: "n", by: 1 });
    failing({ n: Number.MAX_VALUE }, { kind: "increment", key: "n", by: Number.MAX_VALUE });
    failing({ l: { length: 1 } }, { kind: "push", key: "l", items: [1] });
    failing({ t: 1 }, { kind: "update", key: "t", change: async () => 2 });
  });

  it("hands update a frozen value and refuses what JSON cannot hold", () => {
    const data: DataMap = new Map([["list", JSON.parse("[[1]]")]]);
    const mutate: Operation = {
      kind: "update",
      key: "list",
      change: (list) => {
        (list as number[][])[0]?.push(2);
        return list;
      },
    };
    expect(() => applyOperation(data, mutate, jsonValues)).toThrow(TypeError);
    expect(() => applyOperation(data, { kind: "update", key: "list", change: () => new Date(0) }, jsonValues)).toThrow(
      /SESSION_DATA_INVALID: list /,
    );
    expect(data.get("list")).toEqual([[1]]);
  });

  it("changes no value in place, so that views of other requests stay as they were", () => {
    const list = Object.freeze([1]);
    const data: DataMap = new Map([["l", list]]);
    applyOperation(data, { kind: "push", key: "l", items: [2] }, jsonValues);
    expect(list).toEqual([1]);
  });

  it("asks for a resolution only when a read key had changed", () => {
    const asked: unknown[] = [];
    const resolve = (operation: { key: string }, stored: unknown) => {
      asked.push([operation.key, stored]);
      return "chosen";
    };
    const data: DataMap = new Map([
      ["a", "new"],
      ["b", "same"],
    ]);
    applyOperation(data, { kind: "set", key: "a", value: "mine", read: { value: "old" } }, jsonValues, resolve);
    applyOperation(data, { kind: "set", key: "b", value: "mine", read: { value: "same" } }, jsonValues, resolve);
    applyOperation(data, { kind: "set", key: "c", value: "mine" }, jsonValues, resolve);
    expect(asked).toEqual([["a", "new"]]);
    expect(Object.fromEntries(data)).toEqual({ a: "chosen", b: "mine", c: "mine" });
  });
});
