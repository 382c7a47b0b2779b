import type { Server } from "node:http";
import { createFakeEngine, overJson, poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createEventStreams } from "../../src/admin/event-stream.ts";
import type { AdminRoute } from "../../src/admin/request.ts";
import { adminRoutes } from "../../src/admin/routes.ts";
import { createAdminServer } from "../../src/admin/server.ts";
import { createTokenCheck } from "../../src/admin/token.ts";
import { createControl } from "../../src/engine/control.ts";
import { createMetrics } from "../../src/metrics/prometheus.ts";
import { createTimers } from "../../src/timers.ts";
import { listen } from "./call.ts";

/** The admin API over a fake engine. */
export async function startDesk(
  given: {
    readonly reload?: () => Promise<void>;
    readonly tokenFile?: string;
    readonly routes?: readonly AdminRoute[];
  } = {},
) {
  const runtime = createFakeRuntime();
  const engine = createFakeEngine();
  const timers = createTimers(runtime.clock);
  const file = snapshotOf(poolSpec("shop", [serverSpec("a"), serverSpec("b", { port: 3001 })]));
  const control = createControl(file, { port: overJson(engine), runtime, timers });
  await control.start();
  const streams = createEventStreams(control.events, timers);
  const routes = adminRoutes({
    control,
    streams,
    metrics: createMetrics(control),
    reload: given.reload,
    status: () => ({ version: "0.1.0" }),
  });
  const token = createTokenCheck({ host: "127.0.0.1", port: 0 }, given.tokenFile);
  const server: Server = createAdminServer({
    host: "127.0.0.1",
    token: () => token,
    routes: [...routes, ...(given.routes ?? [])],
    logger: runtime.logger,
  });
  const port = await listen(server);
  return {
    runtime,
    engine,
    control,
    port,
    streams,
    async stop() {
      streams.close();
      control.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
