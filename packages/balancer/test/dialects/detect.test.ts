import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { detectDialect } from "../../src/dialects/detect.ts";
import { goldenFiles, goldens } from "./golden.ts";
import { linesOf } from "./reading.ts";

describe("detectDialect", () => {
  it.each([
    ["listen: 1\n", "sojourn"],
    ["# server { }\npools: {}\n", "sojourn"],
    ["something: else\n", "sojourn"],
    ["upstream a {\n server b;\n}\n", "nginx"],
    ["worker_processes 1;\n", "nginx"],
    ["server\n{\n}", undefined],
    ["global\n daemon\n", "haproxy"],
    ["listen web\n bind :80\n", "haproxy"],
    ["\r\nbackend a # { }\r\n server b 1.1.1.1:80\r\n", "haproxy"],
    ["kind: Service\nserver: {}\n", "kubernetes"],
    ["metadata: {}\napiVersion: v1\n", "kubernetes"],
    ['{"apiVersion":"v1","kind":"Service"}', "kubernetes"],
    ['{\n    "items": [],\n    "kind": "List"\n}\n', "kubernetes"],
    ["hello", undefined],
    ["", undefined],
  ])("%j is %s", (text, dialect) => expect(detectDialect(text)).toBe(dialect));

  it("tells every file of the goldens", () => {
    for (const name of goldenFiles()) {
      const wanted = name === "render.txt" ? "sojourn" : name.split("-")[0];
      for (const { title, input, options } of goldens(name)) {
        if (options.dialect !== undefined || title === "nothing at all") continue;
        expect([title, detectDialect(input)]).toEqual([title, wanted]);
      }
    }
  });

  it("lets --dialect overrule what a file looks like", () => {
    const nginx = readFileSync(new URL("fixtures/nginx-sticky-cookie.conf", import.meta.url), "utf8");
    expect(linesOf(nginx, { dialect: "haproxy" })[0]).toMatch(/^f:1:1 CONFIG_SYNTAX: .*upstream stands outside/);
    expect(linesOf("hello")[0]).toMatch(/^f:1:1 CONFIG_DIALECT_UNKNOWN: .*--dialect sojourn\|nginx/);
  });
});
