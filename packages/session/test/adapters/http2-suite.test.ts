import { adapterSuite } from "@sojourn/session/testing";
import { test, vi } from "vitest";
import { onHttp2 } from "./fixture-frameworks.ts";

/** What the default error path logs. */
vi.spyOn(console, "error").mockImplementation(() => {});
adapterSuite("http2", onHttp2, { test });
