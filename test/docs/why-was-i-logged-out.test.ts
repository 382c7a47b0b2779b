import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseSync, Visitor } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { headingsOf, readPage, root, sectionOf } from "./guide-page.ts";

const { text } = readPage("docs/guide/why-was-i-logged-out.md");
const FILE = "packages/session/src/events.ts";
const { program } = parseSync(FILE, readFileSync(join(root, FILE), "utf8"));

/** The string literals in a type alias that `picks` asks for, by the property they type; undefined: the alias itself. */
function literals(alias: string, property?: string): string[] {
  const found: string[] = [];
  new Visitor({
    TSTypeAliasDeclaration(node) {
      if (node.id.name !== alias) return;
      new Visitor({
        TSPropertySignature(member) {
          if (member.key.type === "Identifier" && member.key.name === property) collect(member.typeAnnotation, found);
        },
      }).visit({ ...program, body: [node] });
      if (property === undefined) collect(node.typeAnnotation, found);
    },
  }).visit(program);
  return found;
}

function collect(node: unknown, found: string[]): void {
  if (typeof node !== "object" || node === null) return;
  const { type, value } = node as { type?: string; value?: unknown };
  if (type === "Literal" && typeof value === "string") found.push(value);
  else for (const child of Object.values(node)) collect(child, found);
}

describe("docs/guide/why-was-i-logged-out.md", () => {
  const reasons = literals("EndReason");

  it("has a section for each end reason, and for nothing else", () => {
    expect(reasons).toContain("logout");
    expect(headingsOf(sectionOf(text, "## It was ended"), 3).toSorted()).toEqual(reasons.toSorted());
  });

  it.each(reasons)("says what caused %s and how to mend it", (reason) => {
    const section = sectionOf(text, `### ${reason}`);
    expect(section).toMatch(/^\* \*\*Cause:\*\* \S/m);
    expect(section).toMatch(/^\* \*\*Mend:\*\* \S/m);
  });

  const events = literals("SessionEvent", "type");

  it("lists each event, and nothing else", () => {
    expect(events).toContain("session.created");
    const rows = [...sectionOf(text, "## All events").matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual(events.toSorted());
  });

  it("names no event elsewhere that does not exist", () => {
    const named = [...text.matchAll(/`((?:session|store)\.[a-z-]+)`/g)].map(([, name]) => name);
    const properties = ["session.id"];
    const page = [...new Set(named)].filter((name) => !properties.includes(name ?? ""));
    expect(events).toEqual(expect.arrayContaining(page));
  });

  it("explains each way in which a record cannot be opened", () => {
    const ways = literals("SessionEvent", "reason");
    const section = sectionOf(text, "## The cookie came and meant nothing");
    const listed = [...section.matchAll(/^\* `([^`]+)`:/gm)].map(([, name]) => name);
    expect(listed.toSorted()).toEqual(ways.toSorted());
  });
});

it("docs/guide/why-was-i-logged-out/log.mjs writes down why a session ended", () => {
  const log = pathToFileURL(join(root, "docs/guide/why-was-i-logged-out/log.mjs")).href;
  const script = `
    const { sessions } = await import(${JSON.stringify(log)});
    const session = await sessions.load(new Request("https://shop.example/"));
    await session.login("ada");
    console.log(session.id);
    await session.logout();
  `;
  const ran = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: tempDir(), encoding: "utf8" });
  const lines = ran.stdout.trim().split("\n");
  const id = lines.find((line) => !line.startsWith("{"));
  const events = lines.filter((line) => line !== id).map((line) => JSON.parse(line));
  expect(id, ran.stderr).toBeDefined();
  expect(events.map(({ type }) => type)).toEqual(["session.created", "session.login", "session.ended"]);
  expect(events.at(-1)).toMatchObject({ id, reason: "logout", at: expect.stringMatching(/^\d{4}-.*Z$/) });
});
