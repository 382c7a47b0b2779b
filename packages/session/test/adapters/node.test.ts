import { adapterSuite } from "@sojourn/session/testing";
import { test } from "vitest";
import { onNode } from "./fixture-servers.ts";

adapterSuite("node", onNode, { test });
