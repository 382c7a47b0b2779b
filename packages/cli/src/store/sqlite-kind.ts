import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { SojournError } from "@sojourn/core";
import type { StoreKind } from "./store-kind.ts";

/** A file that is not there is an error: the store would make it, and a wrong path would look like no sessions. */
export const sqliteKind: StoreKind = {
  name: "SQLite",
  schemes: ["sqlite", "file"],
  example: "sqlite:shop.db",
  takes: ["table"],
  async open({ url, place, cwd }) {
    const path = resolve(cwd, url.rest);
    if (url.rest === "" || !existsSync(path)) {
      const how = "name the file that the app uses";
      throw new SojournError("STORE_OPEN_FAILED", {
        store: "sqliteStore",
        where: JSON.stringify(url.shown),
        reason: "there is no such file",
        how,
      });
    }
    const { sqliteStore } = await import("@sojourn/session/stores/sqlite");
    const store = sqliteStore(path, place);
    return { store, connect: async () => {}, close: async () => store.close() };
  },
};
