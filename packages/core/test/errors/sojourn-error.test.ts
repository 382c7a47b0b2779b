import { describe, expect, expectTypeOf, it } from "vitest";
import { ERROR_TABLE, type ErrorCode } from "../../src/errors/error-table.ts";
import { type ErrorParams, isSojournError, SojournError } from "../../src/errors/sojourn-error.ts";

const rows = Object.entries(ERROR_TABLE);

describe("the error table", () => {
  it.each(rows)("%s says what is wrong and how to mend it", (code, row) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/);
    expect(row.status).toBeGreaterThanOrEqual(400);
    expect(row.status).toBeLessThanOrEqual(599);
    for (const text of [row.what, row.mend]) {
      expect(text).toMatch(/\S/);
      expect(text).not.toMatch(/[\n\r]|^\s|\s$|[.;]$/);
    }
  });

  it("marks as retryable only what a server may answer differently later", () => {
    for (const [code, row] of rows) {
      if (row.retryable) expect([408, 409, 421, 425, 429, 500, 502, 503, 504], code).toContain(row.status);
    }
  });
});

describe("SojournError", () => {
  const error = new SojournError("DURATION_INVALID", { where: "idle", value: '"x"' });

  it("carries code, status, retryable, params and its parts", () => {
    expect(error).toMatchObject({
      name: "SojournError",
      code: "DURATION_INVALID",
      status: 500,
      retryable: false,
      params: { where: "idle", value: '"x"' },
      what: 'idle is "x", which is not a duration',
      mend: 'write "30s", "15m", "1h 30m" or a whole number of milliseconds',
    });
    expect(error.message).toBe(`DURATION_INVALID: ${error.what}; ${error.mend}`);
    expect(error.place).toBeUndefined();
    expect("cause" in error).toBe(false);
  });

  it("keeps the cause and the place", () => {
    const cause = new Error("inner");
    const place = { file: "sojourn.yaml", line: 3, column: 7 };
    const placed = new SojournError("DURATION_INVALID", { where: "idle", value: "x" }, { cause, place });
    expect(placed.cause).toBe(cause);
    expect(placed.place).toEqual(place);
  });

  it("becomes one line for a terminal, with the place first and the reference last", () => {
    const placed = new SojournError("KEY_MISSING", { who: "serve" }, { place: { file: "a.yaml", line: 3, column: 7 } });
    expect(placed.toLine()).toBe(`a.yaml:3:7 ${placed.message} (docs/reference/errors.md#key_missing)`);
    expect(error.toLine()).toBe(`${error.message} (docs/reference/errors.md#duration_invalid)`);
  });

  it("cannot be made to forge lines by its parameters or its place", () => {
    const hostile = "x\r\nERROR forged\u2028\u001b[2J";
    const raised = new SojournError("KEY_MISSING", { who: hostile }, { place: { file: hostile, line: 1, column: 1 } });
    for (const text of [raised.message, raised.what, raised.toLine()]) expect(text).not.toMatch(/\p{Cc}|\u2028/u);
    expect(raised.message).toContain("x\ufffd\ufffdERROR forged");
  });

  it("does not fill placeholders that a parameter brings along", () => {
    const raised = new SojournError("DURATION_INVALID", { where: "{value}", value: "$& {where}" });
    expect(raised.what).toBe("{value} is $& {where}, which is not a duration");
  });

  it("asks for exactly the parameters that its texts name", () => {
    expectTypeOf<ErrorParams<"KEY_MISSING">>().toEqualTypeOf<{ readonly who: string | number }>();
    // @ts-expect-error a parameter is missing
    void (() => new SojournError("KEY_MISSING", {}));
    // @ts-expect-error no such code
    void (() => new SojournError("NO_SUCH_CODE", {}));
  });
});

describe("isSojournError", () => {
  const error: unknown = new SojournError("KEY_MISSING", { who: "serve" });

  it("narrows by code", () => {
    expect(isSojournError(error)).toBe(true);
    expect(isSojournError(error, "KEY_MISSING")).toBe(true);
    expect(isSojournError(error, "KEY_INVALID", "KEY_MISSING")).toBe(true);
    expect(isSojournError(error, "KEY_INVALID")).toBe(false);
    if (isSojournError(error, "KEY_MISSING")) expectTypeOf(error.code).toEqualTypeOf<"KEY_MISSING">();
  });

  it("knows an error of another copy of the package", () => {
    const copy = Object.assign(new Error("KEY_MISSING: …"), {
      code: "KEY_MISSING" satisfies ErrorCode,
      retryable: false,
    });
    expect(isSojournError(copy, "KEY_MISSING")).toBe(true);
  });

  it.each([
    undefined,
    null,
    "KEY_MISSING",
    { code: "KEY_MISSING", retryable: false },
    new Error("KEY_MISSING"),
    Object.assign(new Error("x"), { code: "ECONNREFUSED" }),
    Object.assign(new Error("x"), { code: "ECONNREFUSED", retryable: true }),
    Object.assign(new Error("x"), { code: "toString", retryable: true }),
  ])("is false for %o", (other) => {
    expect(isSojournError(other)).toBe(false);
  });
});
