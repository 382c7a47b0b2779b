import type { Dialect } from "../config.ts";

/** What goes with a configuration file: the flags of `sojourn serve` and `check`. */
export interface ParseOptions {
  /** Named in every place. */
  readonly file: string;
  /** @default told by content */
  readonly dialect?: Dialect;
  /** For `${VAR}`. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** `HOST:PORT`; supplies a missing listener or replaces the only one. */
  readonly listen?: string;
  /** `HOST:PORT` of the admin API; replaces the file's. */
  readonly admin?: string;
  /** `NAME[:PORT]=ADDR:PORT`; NAME may be an IP literal, and may come several times in an NGINX file. */
  readonly resolve?: readonly string[];
  /** `ADDR:PORT` of a Kubernetes Service's Pods. */
  readonly endpoints?: readonly string[];
  /** Decides where an NGINX file without `listen` listens. @default whether this process runs as root */
  readonly runningAsRoot?: boolean;
}
