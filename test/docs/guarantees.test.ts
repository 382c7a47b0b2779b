import { createSystemRandom, generateKey } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import * as table from "../../packages/session/src/guarantees.ts";
import { makePage, tagOf } from "../../scripts/docs/guarantees/page.mjs";
import { readPage } from "./guide-page.ts";

const ROW = { id: "one", living: "store", shown: "oneStore", from: "stores/one" } as const;
const ONE = { ...table, GUARANTEE_ROWS: [ROW], PROMISES: ["updates", "logout"] } as const;
const [updates, logout] = [tagOf("one", "updates"), tagOf("one", "logout")];
const page = (tests: string, subpaths = ["stores/one"]) =>
  makePage(ONE, subpaths, [
    { file: "packages/x/test/a.test.ts", source: `import { describe, it } from "vitest";\n${tests}` },
  ]);
const both = (more = "") =>
  `requireServer("one")("one", () => { it("is kept", { tags: ["${updates}", "${logout}"] }, async () => {}); ${more} });`;

describe("docs/reference/guarantees.md", () => {
  it("has the words that policy() prints", () => {
    const { text } = readPage("docs/reference/guarantees.md");
    const carrier = sealedCookie({ revocation: memoryStore() });
    const keys = generateKey(createSystemRandom());
    for (const [id, sessions] of [
      ["memoryStore", createSessions({ store: memoryStore(), env: {} })],
      ["sealedCookie, revocation: a store", createSessions({ carrier, keys, env: {} })],
      [
        'sealedCookie, revocation: "none"',
        createSessions({ carrier: sealedCookie({ revocation: "none" }), keys, env: {} }),
      ],
    ] as const) {
      const line = text.split("\n").find((each) => each.startsWith(`| [\`${id}\``)) ?? "";
      const rows = new Map(sessions.policy().rows.map(({ name, value }) => [name, value]));
      for (const promise of ["updates", "logout", "list", "revoke"] as const)
        expect(line).toContain(`| ${rows.get(table.PROMISE_NAMES[promise])} |`);
    }
  });

  it("links to what exists", () => {
    expect(readPage("docs/reference/guarantees.md").brokenLinks).toEqual([]);
  });
});

describe("the page", () => {
  it("names the test of each cell, also in a group that needs a server", () => {
    const made = page(both());
    expect(made).toContain("| [`oneStore`](#one) | none; operations are replayed");
    expect(made).toContain(
      "* updates: one › is kept ([test](../../packages/x/test/a.test.ts))\n* logout: one › is kept",
    );
  });

  it.each([
    ["a cell without a test", `it("is kept", { tags: ["${updates}"] }, () => {});`, `no test has the tag ${logout}`],
    ["a test that is skipped", both(`it.skip("x", { tags: ["${updates}"] }, () => {});`), "is on no test that is sure"],
    ["a group that is skipped", `describe.skip("x", () => { ${both()} });`, "is on no test that is sure to run"],
    ["a tag that names no cell", both('it("x", { tags: ["keeps-two-updates"] }, () => {});'), "names no cell"],
  ])("cannot be made of %s", (_, tests, message) => {
    expect(() => page(tests)).toThrow(message);
  });

  it("cannot be made while a store or carrier has no row", () => {
    expect(() => page(both(), ["stores/one", "carriers/two"])).toThrow("carriers/two has no row");
  });
});
