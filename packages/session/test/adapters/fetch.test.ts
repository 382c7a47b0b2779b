import { adapterSuite } from "@sojourn/session/testing";
import { test } from "vitest";
import { onFetch } from "./fixture-servers.ts";

adapterSuite("fetch", onFetch, { test });
