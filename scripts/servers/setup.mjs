// Installs the servers that tests start and this machine lacks, where that is safe: as root on Debian or Ubuntu.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { missingServers, SERVERS } from "./find.mjs";

/** What decides; tests hand in another machine. */
const thisMachine = {
  env: process.env,
  isRoot: process.getuid?.() === 0,
  osRelease: "/etc/os-release",
  policy: "/usr/sbin/policy-rc.d",
  /** Folders beside PATH where servers are looked for; undefined: the usual ones. */
  also: undefined,
};

/** Says in one line what it does or why it does nothing. @returns the servers still missing. */
export function setUpServers({ asked = false, machine = thisMachine } = {}) {
  const { env, isRoot, also } = machine;
  const look = () => missingServers({ path: env.PATH ?? "", also });
  const missing = look();
  if (missing.length === 0) {
    if (asked) console.log(`all servers are installed: ${Object.keys(SERVERS).join(", ")}`);
    return missing;
  }
  const packages = missing.map((name) => SERVERS[name].debian).join(" ");
  if (!asked && env.SOJOURN_NO_SETUP === "1") {
    console.log(`SOJOURN_NO_SETUP=1: ${missing.join(", ")} not installed; their tests are skipped`);
  } else if (!isRoot || !isDebian(machine)) {
    console.log(`missing ${missing.join(", ")}: on Debian or Ubuntu, run as root: apt-get install ${packages}`);
  } else {
    console.log(`installing ${missing.join(", ")} for the tests by apt-get (SOJOURN_NO_SETUP=1 turns this off)`);
    install(packages.split(" "), machine);
    const left = look();
    if (left.length > 0) console.log(`apt-get could not install ${left.join(", ")}`);
    return left;
  }
  return missing;
}

function isDebian({ osRelease }) {
  try {
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(readFileSync(osRelease, "utf8"));
  } catch {
    return false;
  }
}

function install(packages, { env: given, policy }) {
  const env = { ...given, DEBIAN_FRONTEND: "noninteractive" };
  // Installing a server must not start it on this machine; Debian asks this file (invoke-rc.d(8)).
  const denied = !existsSync(policy);
  if (denied) {
    writeFileSync(policy, "#!/bin/sh\nexit 101\n");
    chmodSync(policy, 0o755);
  }
  try {
    if (!apt(["update", "-qq"], env)) return;
    // One at a time: a package that this release lacks must not keep the others out.
    for (const name of packages) apt(["install", "-y", "-qq", "--no-install-recommends", name], env);
  } finally {
    if (denied) rmSync(policy, { force: true });
  }
}

function apt(args, env) {
  const { status, stderr } = spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (status !== 0) console.log(`apt-get ${args[0]} failed: ${(stderr ?? "").trim().split("\n").at(-1)}`);
  return status === 0;
}
