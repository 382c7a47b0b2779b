import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import { directoryStore } from "./directory-store.mjs";

storeSuite(
  "directory",
  () => {
    const time = createFakeClock();
    const folder = mkdtempSync(join(tmpdir(), "sojourn-store-"));
    const cleanUp = () => rmSync(folder, { recursive: true });
    return { store: directoryStore(folder, { clock: time }), time, cleanUp };
  },
  { test, extras: ["touch", "sweep", "scan"] },
);
