// node guard.mjs COMMAND ARGS…: runs a command that must not outlive whoever started this. When standard input closes,
// which it does however the starter dies, the command's whole process group is killed.
import { spawn } from "node:child_process";

const [command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { detached: true, stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  // Workers of a server that died by itself must not be left over either.
  kill();
  process.exit(code ?? (signal === null ? 1 : 128));
});
process.stdin.on("close", kill).resume();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, kill);

function kill() {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // the group is gone already
  }
}
