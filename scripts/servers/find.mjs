// Where the real servers are that tests start. None of them is needed to use Sojourn.
import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Name by which tests ask, the binaries that will do, and the Debian package that holds the first of them. */
export const SERVERS = Object.freeze({
  nginx: { binaries: ["nginx"], debian: "nginx" },
  haproxy: { binaries: ["haproxy"], debian: "haproxy" },
  chromium: { binaries: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"], debian: "chromium" },
  postgres: { binaries: ["postgres"], debian: "postgresql" },
  pgbouncer: { binaries: ["pgbouncer"], debian: "pgbouncer" },
  redis: { binaries: ["redis-server", "valkey-server"], debian: "redis-server" },
  faketime: { binaries: ["faketime"], debian: "faketime" },
});

/** Where Debian keeps servers; the PATH of an ordinary user leaves it out. */
const ALSO = ["/usr/sbin", "/usr/local/sbin", "/sbin"];
const POSTGRESQL = "/usr/lib/postgresql";

/** Debian keeps one folder for each major version of PostgreSQL, and none of them in the PATH. Newest first. */
function usualFolders() {
  try {
    const versions = readdirSync(POSTGRESQL).sort((a, b) => Number(b) - Number(a));
    return [...ALSO, ...versions.map((version) => join(POSTGRESQL, version, "bin"))];
  } catch {
    return ALSO;
  }
}

/** @returns the path of an executable, or undefined. */
export function findServer(name, { path = process.env.PATH ?? "", also = usualFolders() } = {}) {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ""), ...also];
  for (const binary of SERVERS[name].binaries) {
    for (const folder of folders) {
      const path = join(folder, binary);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // not in this folder
      }
    }
  }
  return undefined;
}

export function missingServers(where) {
  return Object.keys(SERVERS).filter((name) => findServer(name, where) === undefined);
}
