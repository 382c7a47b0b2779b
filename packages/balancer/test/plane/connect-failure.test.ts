import { describe, expect, it } from "vitest";
import { connectFailure } from "../../src/plane/upstream/connect-failure.ts";

const error = (code: string) => Object.assign(new Error(code), { code });
const several = (...codes: string[]) => Object.assign(new AggregateError(codes.map(error)), { code: codes[0] });

describe("why a connection could not be opened", () => {
  it.each([
    [error("ECONNREFUSED"), "refused"],
    [error("EHOSTUNREACH"), "other"],
    [error("ENOTFOUND"), "other"],
    [error("EADDRNOTAVAIL"), "own"],
    [error("EMFILE"), "own"],
    [undefined, "other"],
  ])("%s: %s", (given, cause) => {
    expect(connectFailure(given).cause).toBe(cause);
  });

  it.each([
    [["ECONNREFUSED", "ECONNREFUSED"], "refused"],
    [["EADDRNOTAVAIL", "ECONNREFUSED"], "refused"],
    [["ENETUNREACH", "ECONNREFUSED"], "refused"],
    [["ECONNREFUSED", "ETIMEDOUT"], "other"],
    [["ETIMEDOUT", "ECONNREFUSED"], "other"],
  ])("a name whose addresses say %j: %s", (codes, cause) => {
    expect(connectFailure(several(...codes)).cause).toBe(cause);
  });
});
