import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { poolSpec, serverSpec, snapshotOf } from "@sojourn/balancer/testing";
import { createFakeClock, createFakeRandom } from "@sojourn/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { type CheckResult, createProber } from "../../src/health/prober.ts";
import { type Probe, type ProbeResult, probeServer } from "../../src/health/prober-probe.ts";
import type { ActiveCheck } from "../../src/model.ts";
import { createTimers } from "../../src/timers.ts";

const check: ActiveCheck = {
  kind: "http",
  path: "/healthz",
  intervalMs: 2_000,
  timeoutMs: 500,
  fall: 3,
  rise: 2,
  firstDecides: false,
};
const checked = (names: readonly string[], active: ActiveCheck = check) =>
  snapshotOf(
    poolSpec(
      "shop",
      names.map((name) => serverSpec(name)),
      {
        health: { active, passive: { maxFails: 1, failTimeoutMs: 10_000 } },
      },
    ),
  );

function start(active: ActiveCheck = check) {
  const clock = createFakeClock();
  const results: CheckResult[] = [];
  const asked: { name: string; atMs: number }[] = [];
  let answer: ((name: string) => ProbeResult | undefined) | undefined = () => ({ ok: true, reason: "200" });
  const hanging: ((result: ProbeResult) => void)[] = [];
  let cancelled = 0;
  const probe: Probe = (server, _check, done) => {
    asked.push({ name: server.name, atMs: clock.monotonic() });
    const result = answer?.(server.name);
    if (result === undefined) hanging.push(done);
    else queue.push(() => done(result));
    return () => void cancelled++;
  };
  const queue: (() => void)[] = [];
  const timers = createTimers(clock);
  const prober = createProber({
    timers,
    random: createFakeRandom(7),
    onResult: (result) => results.push(result),
    probe,
  });
  prober.follow(checked(["a", "b", "c"], active));
  return {
    prober,
    clock,
    results,
    asked,
    get cancelled() {
      return cancelled;
    },
    answer: (next: typeof answer) => {
      answer = next;
    },
    /** Time passes in small steps; answers arrive between them. */
    run(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        for (const arrive of queue.splice(0)) arrive();
      }
    },
  };
}

describe("the prober", () => {
  it("checks every server once an interval, spread over it", () => {
    const { run, asked } = start();
    run(2_000);
    expect(asked.map(({ name }) => name).sort()).toEqual(["a", "b", "c"]);
    expect(new Set(asked.map(({ atMs }) => atMs)).size).toBe(3);
    expect(Math.max(...asked.map(({ atMs }) => atMs)) - Math.min(...asked.map(({ atMs }) => atMs))).toBeGreaterThan(
      200,
    );
    run(4_000);
    const times = asked.filter(({ name }) => name === "a").map(({ atMs }) => atMs);
    expect(times).toHaveLength(3);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBe(2_000);
  });

  it("hands over what each check saw", () => {
    const { run, results, answer } = start();
    answer((name) => (name === "b" ? { ok: false, reason: "503" } : { ok: true, reason: "200" }));
    run(2_000);
    expect(results.toSorted((a, b) => (a.server < b.server ? -1 : 1))).toEqual([
      { pool: "shop", server: "a", ok: true, timedOut: false, reason: "200" },
      { pool: "shop", server: "b", ok: false, timedOut: false, reason: "503" },
      { pool: "shop", server: "c", ok: true, timedOut: false, reason: "200" },
    ]);
  });

  it("counts a check that exceeds its timeout as failed, and never runs two of a server at once", () => {
    const probes = start({ ...check, timeoutMs: 5_000 });
    probes.answer(() => undefined);
    probes.run(4_000);
    expect(probes.asked).toHaveLength(3);
    expect(probes.results).toHaveLength(0);
    probes.run(3_000);
    expect(probes.results).toHaveLength(3);
    expect(probes.results[0]).toMatchObject({ ok: false, timedOut: true, reason: "timeout" });
    expect(probes.cancelled).toBeGreaterThanOrEqual(3);
  });

  it("goes on undisturbed through a reload, and stops for servers that are gone", () => {
    const { run, asked, prober, clock } = start();
    run(2_000);
    const due = asked.find(({ name }) => name === "a")?.atMs ?? 0;
    prober.follow(checked(["b", "a"]));
    expect(clock.armed).toBe(2);
    asked.length = 0;
    run(2_000);
    expect(asked.map(({ name }) => name).sort()).toEqual(["a", "b"]);
    expect(asked.find(({ name }) => name === "a")?.atMs).toBe(due + 2_000);
  });

  it("starts anew where the check changed, and leaves no timer behind", () => {
    const { run, prober, clock, asked } = start();
    run(2_000);
    prober.follow(checked(["a", "b"], { ...check, intervalMs: 500 }));
    asked.length = 0;
    run(1_500);
    expect(asked).toHaveLength(6);
    prober.close();
    expect(clock.armed).toBe(0);
  });
});

describe("one check", () => {
  const servers: { close(): void }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const listen = async (server: Server | ReturnType<typeof createTcpServer>) => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  const look = (port: number, given: Partial<ActiveCheck> = {}) =>
    new Promise<ProbeResult>((resolve) => {
      probeServer(
        serverSpec("a", { host: "shop-1.test", address: "127.0.0.1", port }),
        { ...check, ...given },
        resolve,
      );
    });

  it("asks for its path under the server's name, and passes 2xx and 3xx", async () => {
    const seen: unknown[] = [];
    let status = 204;
    const port = await listen(
      createServer((request, response) => {
        seen.push([request.method, request.url, request.headers.host]);
        response.writeHead(status).end();
      }),
    );
    expect(await look(port)).toEqual({ ok: true, reason: "204" });
    status = 302;
    expect(await look(port, { host: "shop.example.com" })).toEqual({ ok: true, reason: "302" });
    status = 503;
    expect(await look(port)).toEqual({ ok: false, reason: "503" });
    status = 404;
    expect(await look(port)).toEqual({ ok: false, reason: "404" });
    expect(seen.slice(0, 2)).toEqual([
      ["GET", "/healthz", `shop-1.test:${port}`],
      ["GET", "/healthz", "shop.example.com"],
    ]);
  });

  it("fails on a refused connection and on what is not HTTP", async () => {
    const gone = createTcpServer();
    const port = await listen(gone);
    await new Promise<void>((resolve) => gone.close(() => resolve()));
    expect(await look(port)).toEqual({ ok: false, reason: "ECONNREFUSED" });
    expect(await look(port, { kind: "tcp" })).toEqual({ ok: false, reason: "ECONNREFUSED" });
    const odd = await listen(createTcpServer((socket) => void socket.on("error", () => {}).end("ready\n")));
    expect(await look(odd)).toMatchObject({ ok: false });
    expect(await look(odd, { kind: "tcp" })).toEqual({ ok: true, reason: "connected" });
  });

  it("says nothing after it was cancelled, and lets go of its connection", async () => {
    let closed: () => void;
    const wasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    let arrived: () => void;
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const port = await listen(
      createServer((request) => {
        request.socket.on("close", () => closed());
        arrived();
      }),
    );
    const results: ProbeResult[] = [];
    const cancel = probeServer(serverSpec("a", { port }), check, (result) => results.push(result));
    await hasArrived;
    cancel();
    await wasClosed;
    expect(results).toEqual([]);
  });
});
