import { writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import type { Sessions } from "@sojourn/session";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { FakeScreen, typing } from "../support/screen.ts";
import { appSessions, enter, KEYS } from "../support/seed.ts";
import { expectRefusal, type RunHereOptions, runHere } from "../support/sojourn.ts";

const FILE = "shop.db";

function scene(): {
  readonly app: Sessions;
  sojourn(args: readonly string[], options?: RunHereOptions): ReturnType<typeof runHere>;
} {
  const cwd = tempDir();
  const store = sqliteStore(join(cwd, FILE));
  onTestFinished(() => store.close());
  const env = { SOJOURN_KEYS: KEYS, SOJOURN_STORE: FILE };
  return {
    app: appSessions(store),
    sojourn: (args, options) => runHere(["sessions", ...args], { cwd, env, ...options }),
  };
}

const times = async (count: number, app: Sessions, user: string) => {
  for (let i = 0; i < count; i++) await enter(app, user);
};

describe("before many sessions end", () => {
  it("nobody is asked about a person's few", async () => {
    const { app, sojourn } = scene();
    await times(10, app, "ada");
    expect(await sojourn(["revoke-user", "ada"])).toMatchObject({ code: 0, out: "10 sessions ended\n" });
  });

  it("a script must say --yes", async () => {
    const { app, sojourn } = scene();
    await times(11, app, "ada");
    expectRefusal(
      await sojourn(["revoke-user", "ada"]),
      2,
      /^CONFIRMATION_MISSING: .* end all 11 sessions of ada; .*--yes/,
    );
    expectRefusal(await sojourn(["end", "--all"]), 2, /^CONFIRMATION_MISSING: .* end all 11 sessions in shop\.db/);
    expect(await app.list("ada")).toHaveLength(11);
    expect(await sojourn(["revoke-user", "ada", "--yes"])).toMatchObject({ code: 0, out: "11 sessions ended\n" });
  });

  it.each(["n\n", "\n", "yess\n", "\u0004"])("%j is a no", async (answer) => {
    const { app, sojourn } = scene();
    await enter(app, "ada");
    const terminal = { screen: new FakeScreen(), keyboard: typing(answer) };
    expect(await sojourn(["end", "--all"], { terminal })).toEqual({ code: 1, out: "", err: "nothing was changed\n" });
    expect(await app.list("ada")).toHaveLength(1);
  });

  it("a person is asked, and sees how it goes", async () => {
    const { app, sojourn } = scene();
    await times(12, app, "ada");
    const screen = new FakeScreen();
    const ran = await sojourn(["revoke-user", "ada"], { terminal: { screen, keyboard: typing("y\n") } });
    expect(ran).toEqual({ code: 0, out: "12 sessions ended\n", err: "" });
    expect(screen.seen).toContain("End all 12 sessions of ada? [y/N]");
    expect(screen.seen).toContain(`ending sessions  [${" ".repeat(40)}]  0 of 12`);
    expect(screen.seen).toContain(`ending sessions  [${"=".repeat(40)}]  12 of 12`);
    expect(screen.line).toBe("");
  });
});

describe("sojourn sessions list", () => {
  it("prints a table, and says what it leaves out", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2026, 0, 2, 3, 4, 5) });
    onTestFinished(() => void vi.useRealTimers());
    const { app, sojourn } = scene();
    const id = await enter(app, "a\u001b[31mda");
    const { code, out, err } = await sojourn(["list", "--limit", "1"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.replace(id, "0".repeat(43))).toMatchInlineSnapshot(`
      "  ID                                           EXPIRES               CREATED               LEVEL  STAYS  USER      DEVICE
        0000000000000000000000000000000000000000000  2026-01-02T03:34:05Z  2026-01-02T03:04:05Z  1      no     a�[31mda  Firefox other
      "
    `);
    await enter(app);
    const cut = await sojourn(["list", "--limit", "1"]);
    expect(cut.out.trimEnd().split("\n")).toHaveLength(2);
    expect(cut.err).toBe("note: there are more than 1; --limit shows more\n");
    const keyless = await sojourn(["list"], { env: { SOJOURN_STORE: FILE } });
    expect(keyless.out).toMatch(/^ {2}\S{43} {2}2026-01-02T03:34:05Z {2}\? /m);
  });

  it("tells of sessions under another key as far as it can", async () => {
    const { app, sojourn } = scene();
    const id = await enter(app, "ada");
    const env = { SOJOURN_KEYS: generateKey(createSystemRandom()), SOJOURN_STORE: FILE };
    expect(JSON.parse((await sojourn(["list", "--json"], { env })).out).sessions).toEqual([
      { id, expiresAt: expect.any(String), opened: false },
    ]);
    expectRefusal(await sojourn(["revoke-user", "ada"], { env }), 1, /^SESSION_KEY_UNKNOWN: /);
    expect(await app.list("ada")).toHaveLength(1);
  });

  it("opens plain records if it is told that there are", async () => {
    const cwd = tempDir();
    const store = sqliteStore(join(cwd, FILE));
    onTestFinished(() => store.close());
    const { createSessions } = await import("@sojourn/session");
    const app = createSessions({ store, atRest: "plain", env: {} });
    await enter(app, "ada");
    const run = (args: readonly string[], keys?: string) =>
      runHere(["sessions", ...args, "--store", FILE], { cwd, env: keys === undefined ? {} : { SOJOURN_KEYS: keys } });
    expect(JSON.parse((await run(["list", "--json"], KEYS)).out).sessions).toEqual([]);
    expect((await run(["list", "--plain", "--json"])).out).toContain('"userId":"ada"');
    expect((await run(["list", "--plain", "--json"], KEYS)).out).toContain('"userId":"ada"');
    expect(await run(["revoke-user", "--plain", "ada"])).toMatchObject({ code: 0, out: "1 session ended\n" });
    await enter(app, "ada");
    expect(await app.list("ada")).toHaveLength(1);
  });
});

describe("sojourn sessions refuses", () => {
  const list = (store: string, ...more: readonly string[]) => runHere(["sessions", "list", "--store", store, ...more]);

  it.each([
    [[], 2, /^USAGE: no store was named; add --store URL, or set SOJOURN_STORE/],
    [
      ["--store", "mysql://ada:hush@h/x"],
      2,
      /^OPTION_INVALID: --store cannot be mysql:…: no store has this scheme.*redis:/,
    ],
    [["--store", "ada:hush@h/x"], 2, /^OPTION_INVALID: --store cannot be ada:…: no store has this scheme/],
    [["--store", "redis://ada:hush@h:70000"], 2, /^OPTION_INVALID: --store cannot be redis:\/\/h:70000: it is no URL/],
    [["--store", "redis://"], 2, /^OPTION_INVALID: .* a host is missing/],
    [["--store", "redis://ada:hush@h/shop"], 2, /^OPTION_INVALID: .* no number of a database/],
    [["--store", "redis://a,b"], 2, /^OPTION_INVALID: .* several servers.*redis\+cluster:/],
    [["--store", "redis+sentinel://a"], 2, /^OPTION_INVALID: .* does not name the primary/],
    [["--store", "redis+cluster://a/1"], 2, /^OPTION_INVALID: .* a Cluster has no databases/],
    [["--store", "postgres://ada:hush@h:x/y"], 2, /^OPTION_INVALID: .* it is no URL/],
    [["--store", "redis://h", "--table", "t"], 2, /^OPTION_CONFLICT: --table and --store redis: .*takes --prefix/],
    [["--store", "shop.db", "--table", "no table"], 1, /^STORE_OPEN_FAILED: .*there is no such file/],
    [["--store", "none.db"], 1, /^STORE_OPEN_FAILED: sqliteStore cannot use "none\.db": there is no such file/],
    [["--store", "shop.db", "--limit", "none"], 2, /^USAGE: .*whole number/],
  ] as const)("list %j", async (args, exitCode, message) => {
    const ran = await runHere(["sessions", "list", ...args]);
    expectRefusal(ran, exitCode, message);
    expect(ran.err).not.toContain("hush");
  });

  it.each([["end"], ["end", "x", "--all"], ["revoke-user"], ["sweep", "x"], ["nothing"], ["list", "--usr", "x"]])(
    "%j as wrong usage",
    async (...args) => {
      expectRefusal(await runHere(["sessions", ...args]), 2);
    },
  );

  it("a file that is no database, and keys that are none", async () => {
    const cwd = tempDir();
    writeFileSync(join(cwd, "notes.txt"), "not a database, but a text of some length\n".repeat(40));
    expectRefusal(await runHere(["sessions", "list", "--store", "notes.txt"], { cwd }), 1, /^STORE_OPEN_FAILED: /);
    writeFileSync(join(cwd, FILE), "");
    const keys = ["--keys", "hush"];
    const ran = await runHere(["sessions", "list", "--store", FILE, ...keys], { cwd });
    expectRefusal(ran, 1, /^KEY_INVALID: key 1 in --keys /);
    expect(ran.err).not.toContain("hush");
  });

  it("a server that is not there, without the password", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const at = `ada:hush@127.0.0.1:${port}`;
    const urls = [
      `redis://${at}`,
      `rediss://${at}`,
      `redis+cluster://${at}`,
      `redis+sentinel://${at}/p`,
      `postgres://${at}/x?password=hush`,
    ];
    for (const url of urls) {
      const ran = await list(url);
      expectRefusal(ran, 1, /^STORE_UNREACHABLE: the store at \S+127\.0\.0\.1:\d+\S* cannot be reached: /);
      expect(ran.err).not.toContain("hush");
    }
  });

  it("a server that says something else", async () => {
    const other = createServer((socket) => void socket.on("error", () => {}).end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    for (const url of [`redis://127.0.0.1:${port}`, `postgres://127.0.0.1:${port}/x`]) {
      expectRefusal(await list(url), 1, /^STORE_UNREACHABLE: /);
    }
  });

  it("what it has no client for, and says what to install", async () => {
    const { clientLoader } = await import("../../src/store/client-package.ts");
    expect(() => clientLoader(tempDir())("no-such-client", "nor-this-one")).toThrow(
      /^STORE_CLIENT_MISSING: .*no-such-client or nor-this-one.*; run: npm install no-such-client$/,
    );
  });
});
