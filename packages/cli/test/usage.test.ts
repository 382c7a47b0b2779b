import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { expectRefusal, sojourn } from "./support/sojourn.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const COMMANDS = "serve check render status sessions drain enable disable reload keygen demo".split(" ");

describe("the command line", () => {
  it("lists every command in its help, and each has help of its own", async () => {
    const { code, out } = await sojourn(["--help"]);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${command} `, "m"));
    const pages = await Promise.all(COMMANDS.map((command) => sojourn([command, "--help"])));
    for (const [index, page] of pages.entries()) {
      expect(page.code).toBe(0);
      expect(page.out).toContain(`Usage: sojourn ${COMMANDS[index]} [options]`);
    }
  });

  it("prints its version", async () => {
    const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await sojourn(["--version"])).toEqual({ code: 0, out: `${manifest.version}\n`, err: "" });
  });

  it.each([
    [[], /^USAGE: no command was named; see: sojourn --help/],
    [["serv"], /^USAGE: unknown command 'serv'; did you mean serve/],
    [["keygen", "--prommote"], /^USAGE: unknown option '--prommote'; did you mean --promote/],
    [["status", "--admn", "x"], /^USAGE: unknown option '--admn'; did you mean .*--admin/],
    [["zzzzzz"], /^USAGE: unknown command 'zzzzzz'; see: sojourn --help/],
    [["drain"], /^USAGE: missing required argument 'POOL\/SERVER'; see: sojourn drain --help/],
    [["keygen", "a"], /^USAGE: too many arguments for 'keygen'.*; see: sojourn keygen --help/],
    [["status", "--admin"], /^USAGE: option '--admin <URL>' argument missing; see: sojourn status --help/],
  ])("refuses %j with exit code 2 and a way on", async (args, message) => {
    expectRefusal(await sojourn(args), 2, message);
  });

  it("has no control characters in what it repeats", async () => {
    const { err } = await sojourn(["\u001b[31mred\nline"]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(err.trimEnd()).not.toMatch(/[\u0000-\u001f]/);
  });
});
