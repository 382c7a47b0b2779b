import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDuration } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { resolveSettings } from "../../packages/session/src/settings/settings.ts";
import { readDocs } from "../../scripts/docs/doc-comments/read.mjs";

const root = join(import.meta.dirname, "../..");
const SOURCE = "packages/session/src/options.ts";
const { interfaces } = readDocs(SOURCE, readFileSync(join(root, SOURCE), "utf8"));
const page = readFileSync(join(root, "docs/reference/options.md"), "utf8");
const sectionOf = (option: string) => page.split(`\n### ${option}\n`)[1]?.split("\n#")[0] ?? "";

describe("docs/reference/options.md", () => {
  const members = ["SchemaOptions", "CommonOptions", "StoreOptions", "StoreCallOptions"].flatMap(
    (name) => interfaces.get(name)?.members ?? [],
  );
  const runtime = createFakeRuntime();
  const store = memoryStore();

  it.each(members.map(({ name }) => name))("knows %s, and so does createSessions", (name) => {
    expect(page).toContain(`\n### ${name}\n`);
    const given = { store, runtime, env: {}, ...(name === "store" ? {} : { [name]: undefined }) };
    expect(() => createSessions(given)).not.toThrow();
  });

  it("does not know what createSessions refuses", () => {
    expect(() => createSessions({ store, runtime, env: {}, colour: undefined } as never)).toThrow("colour");
  });

  const settings = resolveSettings({ store }, {});
  it.each([
    ["idle", settings.browser.idleMs],
    ["absolute", settings.browser.absoluteMs],
    ["touchWindow", settings.touchWindowMs],
    ["rotateAfter", settings.rotateAfterMs],
    ["grace", settings.graceMs],
    ["commitWithin", settings.commitWithinMs],
    ["storeDeadline", settings.storeDeadlineMs],
  ])("gives the true default of %s", (option, ms) => {
    const said = /Default: `"([^"]+)"`[.;]/.exec(sectionOf(option))?.[1];
    expect(parseDuration(said, option)).toBe(ms);
  });

  it.each([
    ["onReuse", settings.onReuse],
    ["csrf", settings.csrf],
    ["version", settings.data.version],
    ["strict", settings.strict],
    ["acceptPlain", settings.acceptPlain],
    ["cookie.path", settings.cookie.attributes.path],
    ["cookie.sameSite", settings.cookie.attributes.sameSite],
    ["cookie.partitioned", settings.cookie.attributes.partitioned],
    ["cookie.insecureLoopback", settings.insecureLoopback],
  ])("gives the true default of %s", (option, value) => {
    expect(sectionOf(option)).toContain(`Default: \`${JSON.stringify(value)}\`.`);
  });

  it("says what a limit does by default", () => {
    const { limit } = resolveSettings({ store, limit: { sessions: 1 } }, {});
    expect(sectionOf("limit.onLimit")).toContain(`Default: \`${JSON.stringify(limit?.onLimit)}\`.`);
  });
});

describe("readDocs", () => {
  const source = `
/** About
 *  both lines. */
export interface A {
  /** First. @default "x" */
  readonly a?: "x" | "y";
  // no doc comment
  readonly b: B;
  /** @default 3 */
  readonly c: { readonly d?: number };
}
/** A type. */
type B = string;
`;

  it("finds the comment, default, type and members of each property", () => {
    const { interfaces: found, types } = readDocs("a.ts", source);
    expect(types.get("B")).toEqual({ text: "A type.", fallback: undefined });
    const a = found.get("A");
    expect(a?.text).toBe("About both lines.");
    expect(a?.members).toEqual([
      { name: "a", type: '"x" | "y"', optional: true, text: "First.", fallback: '"x"' },
      { name: "b", type: "B", reference: "B", optional: false, text: "" },
      {
        name: "c",
        type: "{ readonly d?: number }",
        optional: false,
        text: "",
        fallback: "3",
        members: [{ name: "d", type: "number", optional: true, text: "" }],
      },
    ]);
  });

  it("says what does not parse", () => {
    expect(() => readDocs("a.ts", "interface {")).toThrow("a.ts does not parse");
  });
});
