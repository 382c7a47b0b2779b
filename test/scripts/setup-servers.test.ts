import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type Machine, setUpServers } from "../../scripts/servers/setup.mjs";
import { tempDir } from "../fixtures/temp-dir.ts";

/** Debian, as root, without any server, whose apt-get writes down how it is called and installs all but `lacks`. */
function bareMachine({ lacks = "none", update = 0, id = "debian" } = {}) {
  const root = tempDir();
  const bin = join(root, "bin");
  const policy = join(root, "policy-rc.d");
  const osRelease = join(root, "os-release");
  const calls = join(root, "calls");
  mkdirSync(bin);
  writeFileSync(osRelease, `PRETTY_NAME="Some Linux"\nID=${id}\n`);
  writeFileSync(
    join(bin, "apt-get"),
    `#!/bin/sh
/bin/echo "$DEBIAN_FRONTEND $*, services $("${policy}" >/dev/null 2>&1; echo $?)" >> "${calls}"
[ "$1" = update ] && { echo "E: no network" >&2; exit ${update}; }
for last; do :; done
[ "$last" = "${lacks}" ] && { echo "E: Unable to locate package $last" >&2; exit 100; }
[ "$last" = postgresql ] && last=postgres
/bin/echo "#!/bin/sh" > "${bin}/$last" && /bin/chmod 755 "${bin}/$last"
`,
  );
  chmodSync(join(bin, "apt-get"), 0o755);
  const machine: Machine = { env: { PATH: bin }, isRoot: true, osRelease, policy, also: [] };
  return {
    machine,
    policy,
    calls: () => (existsSync(calls) ? readFileSync(calls, "utf8").trimEnd().split("\n") : []),
  };
}

function setUp(machine: Machine, asked = false) {
  const said: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void said.push(line));
  try {
    return { left: setUpServers({ asked, machine }), said };
  } finally {
    log.mockRestore();
  }
}

const INSTALL = "noninteractive install -y -qq --no-install-recommends";
const SAID =
  "installing nginx, haproxy, chromium, postgres, pgbouncer, redis, faketime for the tests by apt-get (SOJOURN_NO_SETUP=1 turns this off)";

it("installs what is missing as root on Debian, says so in one line, and starts no service", () => {
  const { machine, policy, calls } = bareMachine();
  expect(setUp(machine)).toEqual({ left: [], said: [SAID] });
  expect(calls()).toEqual([
    "noninteractive update -qq, services 101",
    `${INSTALL} nginx, services 101`,
    `${INSTALL} haproxy, services 101`,
    `${INSTALL} chromium, services 101`,
    `${INSTALL} postgresql, services 101`,
    `${INSTALL} pgbouncer, services 101`,
    `${INSTALL} redis-server, services 101`,
    `${INSTALL} faketime, services 101`,
  ]);
  expect(existsSync(policy)).toBe(false);
  expect(setUp(machine)).toEqual({ left: [], said: [] });
  expect(setUp(machine, true).said).toEqual([
    "all servers are installed: nginx, haproxy, chromium, postgres, pgbouncer, redis, faketime",
  ]);
  expect(calls()).toHaveLength(8);
});

it("leaves a policy alone that is there already", () => {
  const { machine, policy, calls } = bareMachine();
  writeFileSync(policy, "#!/bin/sh\nexit 7\n");
  chmodSync(policy, 0o755);
  setUp(machine);
  expect(calls()[1]).toBe(`${INSTALL} nginx, services 7`);
  expect(readFileSync(policy, "utf8")).toContain("exit 7");
});

it("installs the others when one cannot be had", () => {
  const { machine, policy } = bareMachine({ lacks: "haproxy" });
  expect(setUp(machine)).toEqual({
    left: ["haproxy"],
    said: [SAID, "apt-get install failed: E: Unable to locate package haproxy", "apt-get could not install haproxy"],
  });
  expect(existsSync(policy)).toBe(false);
});

it("gives up when the package lists cannot be read", () => {
  const { machine, policy, calls } = bareMachine({ update: 100 });
  const { left, said } = setUp(machine);
  expect(left).toEqual(["nginx", "haproxy", "chromium", "postgres", "pgbouncer", "redis", "faketime"]);
  expect(said).toEqual([
    SAID,
    "apt-get update failed: E: no network",
    "apt-get could not install nginx, haproxy, chromium, postgres, pgbouncer, redis, faketime",
  ]);
  expect(calls()).toHaveLength(1);
  expect(existsSync(policy)).toBe(false);
});

it("does nothing with SOJOURN_NO_SETUP=1, unless asked", () => {
  const { machine, calls } = bareMachine();
  const off = { ...machine, env: { ...machine.env, SOJOURN_NO_SETUP: "1" } };
  expect(setUp(off)).toEqual({
    left: ["nginx", "haproxy", "chromium", "postgres", "pgbouncer", "redis", "faketime"],
    said: [
      "SOJOURN_NO_SETUP=1: nginx, haproxy, chromium, postgres, pgbouncer, redis, faketime not installed; their tests are skipped",
    ],
  });
  expect(calls()).toEqual([]);
  expect(setUp(off, true).left).toEqual([]);
});

it.each([
  ["an ordinary user", {}, { isRoot: false }],
  ["another system", { id: "fedora" }, {}],
  ["a system without a name", {}, { osRelease: "/nonexistent" }],
])("tells %s what to do", (_, options, more) => {
  const { machine, calls } = bareMachine(options);
  expect(setUp({ ...machine, ...more })).toEqual({
    left: ["nginx", "haproxy", "chromium", "postgres", "pgbouncer", "redis", "faketime"],
    said: [
      "missing nginx, haproxy, chromium, postgres, pgbouncer, redis, faketime: on Debian or Ubuntu, run as root: apt-get install nginx haproxy chromium postgresql pgbouncer redis-server faketime",
    ],
  });
  expect(calls()).toEqual([]);
});
