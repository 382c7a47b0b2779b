import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createRuntime, generateKey } from "@sojourn/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { startOrigin } from "../support/origin.ts";
import { serve } from "../support/serving.ts";
import { expectRefusal, runHere, sojourn } from "../support/sojourn.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

/** Without one, a key would be made in the folder, with a line of notice. */
const withKey = { SOJOURN_KEYS: generateKey(createRuntime().random) };

const GOOD = "listen: 127.0.0.1:0\npools:\n  shop:\n    servers:\n      a: http://127.0.0.1:1\n";

/** A folder with this sojourn.yaml. */
function folder(yaml: string): string {
  const cwd = tempDir();
  writeFileSync(join(cwd, "sojourn.yaml"), yaml);
  return cwd;
}

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : -1;
}

describe("bad input to serve and check", () => {
  it("is refused by the process as by the command itself", async () => {
    const line = ["check", "missing.yaml"];
    const ran = await sojourn(line);
    expectRefusal(ran, 1, /^FILE_UNREADABLE/);
    expect(await runHere(line)).toEqual(ran);
  });

  it.each([
    ["serve sojourn.yaml --server a=http://127.0.0.1:1", 2, /^OPTION_CONFLICT: --server and sojourn\.yaml/],
    ["serve sojourn.yaml --affinity ip", 2, /^OPTION_CONFLICT: --affinity and sojourn\.yaml/],
    ["serve --server a=http://127.0.0.1:1 --endpoints 127.0.0.1:1", 2, /^OPTION_CONFLICT: --endpoints and --server/],
    ["serve --affinity ip", 2, /^USAGE: --affinity was given without a server; add --server/],
    ["serve --server nonsense", 2, /NAME=URL/],
    ["serve --server a=http://127.0.0.1:1 --balance fastest", 2, /fastest/],
    ["serve --server a=http://127.0.0.1:1 --affinity magnet", 2, /magnet/],
    ["serve sojourn.yaml --listen nowhere", 2, /^FLAG_INVALID: --listen "nowhere".*HOST:PORT/],
    ["serve sojourn.yaml --resolve x", 2, /^RESOLVE_INVALID: --resolve/],
    ["serve sojourn.yaml --dialect apache", 2, /^USAGE: .*apache.*nginx/],
    ["serve sojourn.yaml --workers 4", 2, /^OPTION_UNSUPPORTED: --workers 4 is not supported yet; leave it out/],
    ["serve sojourn.yaml --workers many", 2, /^OPTION_INVALID: --workers cannot be many/],
    ["serve missing.yaml", 1, /^FILE_UNREADABLE: missing\.yaml cannot be read: ENOENT/],
    ["check missing.yaml", 1, /^FILE_UNREADABLE/],
    ["render sojourn.yaml", 2, /^USAGE: required option '--to <TARGET>' not specified; see: sojourn render --help/],
    ["render sojourn.yaml --to apache", 2, /^USAGE: .*apache/],
    ["drain shop", 2, /^OPTION_INVALID: POOL\/SERVER cannot be shop/],
    ["drain shop/a --deadline soon", 2, /^DURATION_INVALID: --deadline is "?soon"?/],
    ["status --admin ftp://x", 2, /^OPTION_INVALID: --admin cannot be ftp:\/\/x/],
    ["demo --affinity magnet", 2, /^USAGE: .*magnet.*cookie/],
    ["demo --sessions elsewhere", 2, /^USAGE: .*elsewhere.*shared/],
    ["demo --port 8555 --admin-port 8555", 2, /^OPTION_CONFLICT: --port 8555 and --admin-port 8555/],
    ["demo --port 99999", 2, /^OPTION_INVALID: --port cannot be 99999/],
  ] as const)("refuses: %s", async (line, code, message) => {
    expectRefusal(await runHere(line.split(" "), { cwd: folder(GOOD) }), code, message);
  });

  it("refuses to serve nothing", async () => {
    expectRefusal(await runHere(["serve"]), 2, /^CONFIG_NOT_FOUND: there is no CONFIG to serve.*--server/);
  });

  it.each([
    [
      "an unknown key",
      GOOD.replace("servers:", "serverz:"),
      /^sojourn\.yaml:4:5 CONFIG_KEY_UNKNOWN: .*serverz.*did you mean.*servers/m,
    ],
    [
      "a bad duration",
      `${GOOD}    health: { path: /, interval: fast }\n`,
      /^sojourn\.yaml:6:\d+ DURATION_INVALID: .*fast.*30s/m,
    ],
    [
      "an undefined variable",
      `keys: \${NO_SUCH_KEY}\n${GOOD}`,
      /^sojourn\.yaml:1:\d+ CONFIG_VARIABLE_UNDEFINED: .*NO_SUCH_KEY/m,
    ],
    ["text that is no YAML", "listen: [\n", /^sojourn\.yaml:\d+:\d+ CONFIG_SYNTAX: /m],
    [
      "a pool without servers",
      "listen: 127.0.0.1:0\npools:\n  shop:\n    servers: {}\n",
      /^sojourn\.yaml:\d+:\d+ CONFIG_NO_SERVERS: /m,
    ],
  ])("points at %s", async (_, yaml, message) => {
    for (const command of ["serve", "check"]) {
      const { code, out, err } = await runHere([command], { cwd: folder(yaml) });
      expect({ code, out }, err).toEqual({ code: 1, out: "" });
      expect(err).toMatch(message);
      expect(err).not.toMatch(/\n\s+at /);
    }
  });

  it("names every problem of a file, one a line, and as JSON", async () => {
    const cwd = folder(`${GOOD.replace("listen", "listn")}    balance: fastest\n`);
    const { err } = await runHere(["check"], { cwd });
    expect(err.trimEnd().split("\n").length).toBeGreaterThanOrEqual(2);
    const { code, out } = await runHere(["check", "--json"], { cwd });
    expect(code).toBe(1);
    const { ok, problems } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(problems[0]).toMatchObject({
      code: "CONFIG_KEY_UNKNOWN",
      place: { file: "sojourn.yaml", line: 1, column: 1 },
    });
  });

  it("refuses a short key without quoting it", async () => {
    const short = "sjk1.00112233.c2hvcnQta2V5";
    const ran = await sojourn(["serve"], { cwd: folder(GOOD), env: { SOJOURN_KEYS: short } });
    expectRefusal(ran, 1, /^KEY_INVALID: key 1 in \S+ is not a Sojourn key.*not the 43.*npx sojourn keygen/);
    expect(ran.err).not.toContain("c2hvcnQta2V5");
  });

  it("refuses to start in production without keys, with the command that makes one", async () => {
    const ran = await sojourn(["serve"], { cwd: folder(GOOD), env: { NODE_ENV: "production" } });
    expectRefusal(ran, 1, /^KEY_MISSING: .*npx sojourn keygen.*SOJOURN_KEYS/);
  });

  it("refuses a used port, for clients and for the admin API, and leaves nothing running", async () => {
    const port = await takenPort();
    const options = { cwd: folder(GOOD), env: withKey };
    expectRefusal(await sojourn(["serve", "--listen", `127.0.0.1:${port}`], options), 1, /^ADDRESS_IN_USE: .*in use/);
    expectRefusal(await sojourn(["serve", "--admin", `127.0.0.1:${port}`], options), 1, /^ADDRESS_IN_USE: .*in use/);
  });

  it("refuses an admin API that other machines could reach without a token", async () => {
    const ran = await sojourn(["serve", "--admin", "0.0.0.0:0"], { cwd: folder(GOOD), env: withKey });
    expectRefusal(ran, 1, /^ADMIN_TOKEN_NEEDED: .*--admin-token-file/);
  });
});

describe("bad input to a running balancer", () => {
  it("names an unknown pool or server and those that exist", async () => {
    const origin = await startOrigin("a");
    const { admin } = await serve([
      "--listen",
      "127.0.0.1:0",
      "--admin",
      "127.0.0.1:0",
      "--server",
      `a=http://${origin.address}`,
    ]);
    const [server, pool] = await Promise.all([
      sojourn(["drain", "default/b", "--admin", admin ?? ""]),
      sojourn(["enable", "nowhere/a", "--admin", admin ?? ""]),
    ]);
    expectRefusal(server, 1, /^ADMIN_REFUSED: .*404: SERVER_UNKNOWN: .*; servers: a \(/);
    expectRefusal(pool, 1, /^ADMIN_REFUSED: .*404: POOL_UNKNOWN: there is no pool nowhere; pools: /);
  });

  it("says when nobody answers, or somebody else does", async () => {
    const origin = await startOrigin("a");
    expectRefusal(await sojourn(["status", "--admin", `http://${origin.address}`]), 1, /^ADMIN_REFUSED: /);
    expectRefusal(await sojourn(["reload", "--admin", "http://127.0.0.1:1"]), 1, /^ADMIN_UNREACHABLE: .*--admin URL/);
  });
});
