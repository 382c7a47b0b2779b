import { test } from "node:test";
import { createFakeClock, storeSuite } from "@sojourn/session/testing";
import { mapStore } from "./map-store.mjs";

storeSuite(
  "map",
  () => {
    const time = createFakeClock();
    return { store: mapStore(time), time };
  },
  { test, extras: [] },
);
