import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type EngineHarness, engineContract, overJson, serverSpec } from "@sojourn/balancer/testing";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { createEmbeddedEngine } from "../../src/engine/embedded.ts";
import { createTimers } from "../../src/timers.ts";
import { client, type Origin, startOrigin } from "../balancer/origins.ts";

let origins: Origin[] = [];
beforeAll(async () => {
  origins = await Promise.all(["a", "b", "c"].map(startOrigin));
});
afterAll(() => Promise.all(origins.map((origin) => origin.kill())));

const originOf = (name: string) => {
  const found = origins.find((origin) => origin.name === name);
  if (found === undefined) throw new Error(`no origin ${name}`);
  return found;
};

const keys = [generateKey(createSystemRandom())];

function harness(): EngineHarness {
  const server = (name: string) => serverSpec(name, { port: originOf(name).port });
  return {
    servers: [server("a"), server("b"), server("c")],
    keys,
    kill: (name) => originOf(name).kill(),
    revive: (name) => originOf(name).start(),
    async start() {
      const runtime = createFakeRuntime({ random: createSystemRandom() });
      const timers = createTimers(runtime.clock);
      const engine = createEmbeddedEngine({ runtime, timers, trustedProxies: [] });
      const listener = createServer((socket) => engine.accept(socket));
      await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
      const { port } = listener.address() as AddressInfo;
      return {
        port: overJson(engine),
        async send(cookie) {
          const user = client(port);
          const answer = await user.get("/", cookie === undefined ? {} : { Cookie: cookie });
          return { server: answer.text, cookie: user.cookie };
        },
        async stop() {
          listener.close();
          await engine.close(0);
          timers.close();
        },
      };
    },
  };
}

describe("the embedded engine, reached by JSON alone", () => {
  for (const { name, run } of engineContract) it(name, () => run(harness()));
});
