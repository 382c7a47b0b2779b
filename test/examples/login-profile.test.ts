import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createBrowser } from "@sojourn/session/testing";
import { expect, onTestFinished, test } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { EXAMPLES } from "./compile.ts";

/** `npm start --prefix examples/login-profile`, as a user would say it. */
async function start(env: NodeJS.ProcessEnv): Promise<{ origin: string; stop(): Promise<void> }> {
  const { NODE_ENV: _, ...inherited } = process.env;
  // A group of its own: npm, its shell and the server end together.
  const npm = spawn("npm", ["start", "--prefix", join(EXAMPLES, "login-profile")], {
    env: { ...inherited, PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  onTestFinished(() => endGroup(npm));
  // As a supervisor does it: npm is asked to end, and `close` comes when nobody holds its output any more.
  const stop = async () => {
    const gone = once(npm, "close");
    npm.kill();
    await gone;
  };
  let said = "";
  npm.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  for await (const line of createInterface({ input: npm.stdout })) {
    said += `${line}\n`;
    if (line.startsWith("http://")) return { origin: line, stop };
  }
  throw new Error(`it ended before it listened:\n${said}`);
}

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  process.kill(-child.pid, "SIGKILL");
  await gone;
}

test("examples/login-profile: exact bodies, one persistent HttpOnly cookie, and a restart logs nobody out", async () => {
  const env = { DATABASE: join(tempDir(), "sessions.db"), SOJOURN_KEYS: generateKey(createSystemRandom()) };
  const first = await start(env);
  const browser = createBrowser();
  const ask = async (origin: string, path: string) => {
    const response = await browser.request(origin + path, { from: null });
    return [response.status, await response.text(), response.headers.getSetCookie().length];
  };
  expect(await ask(first.origin, "/profile")).toEqual([401, "Unauthorized", 0]);
  expect(await ask(first.origin, "/login")).toEqual([200, "Logged in", 1]);
  const [cookie, ...others] = browser.jar.cookies;
  expect(others).toEqual([]);
  // Not Secure: clients that take the word literally would not send it back over http.
  expect(cookie).toMatchObject({ name: "session", httpOnly: true, secure: false, path: "/" });
  const fortnightMs = 14 * 24 * 3_600_000;
  expect(Math.abs((cookie?.expiresAtMs ?? 0) - Date.now() - fortnightMs)).toBeLessThan(60_000);
  expect(await ask(first.origin, "/profile")).toEqual([200, "User 123", 0]);
  expect(await ask(first.origin, "/elsewhere")).toEqual([404, "Not Found", 0]);

  await first.stop();
  const again = await start({ ...env, PORT: new URL(first.origin).port });
  expect(await ask(again.origin, "/profile")).toEqual([200, "User 123", 0]);
});
