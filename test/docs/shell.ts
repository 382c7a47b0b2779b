import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";
import { root } from "./guide-page.ts";

/** Whether the shell blocks of the guides can run here. */
export const hasShell = process.platform !== "win32";

/**
 * Runs a script by `sh -e` with our command and this Node in front of PATH.
 * @param atEnd is told how to end whatever it leaves running. @default with the test
 * @returns what it printed.
 * @throws with all its output when it fails.
 */
export async function runShell(
  script: string,
  cwd: string,
  env: NodeJS.ProcessEnv = {},
  atEnd: (end: () => void) => void = onTestFinished,
): Promise<string> {
  const path = [join(root, "node_modules/.bin"), process.execPath.replace(/\/[^/]*$/, ""), process.env.PATH];
  const child = spawn("sh", ["-e", "-c", script], {
    cwd,
    env: { ...process.env, PATH: path.join(delimiter), ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  atEnd(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch {
      // It left nothing running.
    }
  });
  let out = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    all += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all += text;
  });
  const code = await new Promise((resolve, reject) => child.on("error", reject).on("exit", resolve));
  if (code !== 0) throw new Error(`the script ended with ${code}:\n${all}`);
  return out;
}
