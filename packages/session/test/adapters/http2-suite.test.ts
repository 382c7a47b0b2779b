import { adapterSuite } from "@sojourn/session/testing";
import { test, vi } from "vitest";
import { onFastifyHttp2, onHttp2 } from "./fixture-frameworks.ts";

/** What the default error path logs. */
vi.spyOn(console, "error").mockImplementation(() => {});
adapterSuite("http2", onHttp2, { test });
adapterSuite("fastify http2", onFastifyHttp2, { test });
