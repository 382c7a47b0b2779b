import type { AnyStore } from "@sojourn/session";
import type { LoadClient } from "./client-package.ts";
import type { StoreUrl } from "./store-url.ts";

/** Flags that say where in a database the sessions lie; each kind of store has some of them. */
export interface PlaceFlags {
  readonly table?: string;
  readonly schema?: string;
  readonly prefix?: string;
}

export interface StoreSource {
  readonly url: StoreUrl;
  readonly place: PlaceFlags;
  /** Relative paths start here. */
  readonly cwd: string;
  readonly load: LoadClient;
}

/** Asked first, so that a server that cannot be reached is told of as such. */
export interface StoreConnection {
  readonly store: AnyStore;
  /** Resolves when the server answers. */
  connect(): Promise<unknown>;
  /** Makes what `StoreKind.preparation` tells of, where it is missing. */
  readonly migrate?: () => Promise<void>;
  /** Also ends a `connect` that has not come to its end. */
  close(): Promise<unknown>;
}

/** One row of the table of stores. */
export interface StoreKind {
  readonly name: string;
  /** Of the URL. */
  readonly schemes: readonly string[];
  /** For help and errors. */
  readonly example: string;
  readonly takes: readonly (keyof PlaceFlags)[];
  open(source: StoreSource): Promise<StoreConnection>;
  /** What has to be there before the first session, in the database's own words. Absent: nothing. */
  readonly preparation?: (place: PlaceFlags) => Promise<string>;
}
