import { adapterSuite } from "@sojourn/session/testing";
import { test } from "vitest";
import { onExpress } from "./fixture-servers.ts";

adapterSuite("express", onExpress, { test });
