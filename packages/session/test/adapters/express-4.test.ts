import { adapterSuite } from "@sojourn/session/testing";
import { test, vi } from "vitest";
import { onExpress4 } from "./fixture-frameworks.ts";

vi.spyOn(console, "error").mockImplementation(() => {});
adapterSuite("express 4", onExpress4, { test });
