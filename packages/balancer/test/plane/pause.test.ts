import { expect, it } from "vitest";
import { echoOrigin, rig } from "./support/raw.ts";

it("a server that was reached while this process stood still is not taken for one that cannot be", async () => {
  const origin = await echoOrigin();
  const { ask, director, runtime } = await rig([origin.port, origin.port]);
  const { begin } = director;
  director.begin = (decision, server) => {
    // The connection is being opened when the process stops, for longer than connecting may take.
    queueMicrotask(() => runtime.clock.advance(6_000));
    return begin(decision, server);
  };
  expect(await ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n")).toContain("200 OK");
  await director.finished(1);
  expect(director.outcomes.map(({ server, outcome }) => [server, outcome.kind])).toEqual([["s1", "response"]]);
});
