import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BalancerConfig, Dialect } from "@sojourn/balancer";
import { SojournError } from "@sojourn/core";
import { fromFlags } from "./failure.ts";
import { readText } from "./files.ts";
import type { Io } from "./io.ts";

/** Flags that go with a CONFIG. */
export interface FileFlags {
  readonly listen?: string;
  readonly admin?: string;
  readonly dialect?: Dialect;
  readonly resolve?: readonly string[];
  readonly endpoints?: readonly string[];
}

/** Flags that stand in for a CONFIG. */
export interface ServerFlags {
  readonly server?: readonly string[];
  readonly affinity?: string;
  readonly balance?: string;
}

/** Where a configuration comes from, and how to read it (again). */
export interface ConfigSource {
  /** As the user named it; undefined: it came from flags and cannot change. */
  readonly file: string | undefined;
  /** @throws what is wrong with it, with its place. */
  load(): Promise<BalancerConfig>;
}

const DEFAULT_FILE = "sojourn.yaml";

/** The CONFIG named, else the flags, else the sojourn.yaml of this folder. @throws OPTION_CONFLICT CONFIG_NOT_FOUND */
export function configSource(
  named: string | undefined,
  flags: FileFlags & ServerFlags,
  verb: string,
  io: Io,
): ConfigSource {
  const { server, affinity, balance, resolve, endpoints, dialect, listen, admin } = flags;
  const inPlace = server !== undefined ? "--server" : affinity !== undefined ? "--affinity" : "--balance";
  const standIn = server !== undefined || affinity !== undefined || balance !== undefined;
  if (named !== undefined && standIn) throw conflict(inPlace, named, "name a CONFIG, or give --server with its flags");
  if (server !== undefined) {
    const beside = endpoints ? "--endpoints" : dialect ? "--dialect" : undefined;
    if (beside !== undefined)
      throw conflict(beside, "--server", `${beside} goes with a CONFIG; --server takes addresses`);
    return {
      file: undefined,
      async load() {
        const { configFromFlags } = await balancer();
        return fromFlags(() =>
          configFromFlags({
            servers: server,
            ...(affinity === undefined ? {} : { affinity }),
            ...(balance === undefined ? {} : { balance }),
            ...(listen === undefined ? {} : { listen }),
            ...(admin === undefined ? {} : { admin }),
            ...(resolve === undefined ? {} : { resolve }),
          }),
        );
      },
    };
  }
  if (standIn) {
    throw new SojournError("USAGE", {
      what: `${inPlace} was given without a server`,
      how: "add --server NAME=URL for each server, or put it in a CONFIG",
    });
  }
  const file = named ?? (existsSync(join(io.cwd, DEFAULT_FILE)) ? DEFAULT_FILE : undefined);
  if (file === undefined) throw new SojournError("CONFIG_NOT_FOUND", { verb });
  return {
    file,
    async load() {
      const { parseConfig } = await balancer();
      return parseConfig(readText(file, io), {
        file,
        env: io.env,
        ...(dialect === undefined ? {} : { dialect }),
        ...(listen === undefined ? {} : { listen }),
        ...(admin === undefined ? {} : { admin }),
        ...(resolve === undefined ? {} : { resolve }),
        ...(endpoints === undefined ? {} : { endpoints }),
      });
    },
  };
}

/** Loaded when it is needed: most commands never touch a configuration. */
const balancer = () => import("@sojourn/balancer");

function conflict(first: string, second: string, how: string): SojournError {
  return new SojournError("OPTION_CONFLICT", { first, second, how });
}
