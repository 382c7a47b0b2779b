import { spawnSync } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startNode } from "../../bench/lib/processes.mjs";
import { type Case, measure, report } from "../../bench/lib/rounds.mjs";
import { ratioSpread, rounded, spread } from "../../bench/lib/stats.mjs";

const get = { method: "GET", path: "/" } as const;

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const caseOf = (name: string, port: number, more: Partial<Case> = {}): Case => ({
  name,
  port,
  cpuMs: () => 0,
  first: get,
  request: get,
  ...more,
});

const plan = { rounds: 2, requests: 200, say: () => {} };

describe("the spread", () => {
  it("is least, middle and most", () => {
    expect(spread([10, 2, 9])).toEqual({ min: 2, median: 9, max: 10 });
    expect(spread([4, 1, 2, 3])).toEqual({ min: 1, median: 2.5, max: 4 });
  });

  it("of a ratio is taken round by round", () => {
    expect(ratioSpread([10, 200, 30], [20, 100, 60])).toEqual({ min: 0.5, median: 0.5, max: 2 });
  });

  it("is printed with four significant digits", () => {
    expect(rounded({ name: "x", min: 1234.567, values: [0.123456] })).toEqual({
      name: "x",
      min: 1235,
      values: [0.1235],
    });
  });
});

describe("the load generator", () => {
  it("keeps 64 connections, presents the cookies it was given, and counts what it sent", async () => {
    const sockets = new Set();
    let requests = 0;
    let withCookie = 0;
    const port = await serve((req, res) => {
      sockets.add(req.socket);
      requests++;
      if (req.headers.cookie === `id=${req.socket.remotePort}`) withCookie++;
      else res.setHeader("Set-Cookie", `id=${req.socket.remotePort}; Path=/; HttpOnly`);
      res.end(req.method === "GET" ? "hello" : undefined);
    });
    const measured = await measure({
      ...plan,
      cases: [caseOf("a", port), caseOf("b", port, { request: { method: "POST", path: "/x" } })],
    });
    // Two cases: one turn each that is not measured, then two rounds with 50 requests to warm up.
    const [warming, rounds] = [2, 2 * 2];
    expect(sockets.size).toBe(64 * (warming + rounds));
    expect(requests).toBe(warming * (64 + 200) + rounds * (64 + 50 + 200));
    expect(withCookie).toBe(warming * 200 + rounds * (50 + 200));
    expect(measured.get("a")?.throughput).toHaveLength(2);
  });

  it("reads chunked answers", async () => {
    const port = await serve((_req, res) => {
      res.write("one");
      res.end("two");
    });
    await measure({ ...plan, rounds: 1, cases: [caseOf("a", port)] });
  });

  it("fails when a peer answers anything but success, closes, or moves a client", async () => {
    let served = 0;
    const failing = await serve((_req, res) =>
      res.writeHead(served++ < 100 ? 200 : 500, { "Content-Length": 0 }).end(),
    );
    await expect(measure({ ...plan, cases: [caseOf("a", failing)] })).rejects.toThrow("answered HTTP/1.1 500");
    const closing = await serve((_req, res) => res.writeHead(200, { "Content-Length": 0, Connection: "close" }).end());
    await expect(measure({ ...plan, cases: [caseOf("a", closing)] })).rejects.toThrow(/closed|ECONNRESET|EPIPE/);
    let turn = 0;
    const moving = await serve((_req, res) => res.setHeader("X-Served-By", String(turn++)).end("x"));
    await expect(measure({ ...plan, cases: [caseOf("a", moving, { sticky: true })] })).rejects.toThrow(
      /a moved \d+ clients/,
    );
  });
});

describe("the report", () => {
  it("has a row a case and metric, and ratios round by round", () => {
    const measured = new Map([
      ["ours", { cpu: [30, 40], throughput: [100, 100] }],
      ["peer", { cpu: [300, 200], throughput: [50, 100] }],
    ]);
    expect(report("balancer", 2, measured, [["ours", "peer"]])).toEqual({
      name: "balancer",
      node: process.versions.node,
      rounds: 2,
      results: [
        { name: "ours cpu", unit: "µs/request", min: 30, median: 35, max: 40, values: [30, 40] },
        { name: "ours throughput", unit: "requests/s", min: 100, median: 100, max: 100, values: [100, 100] },
        { name: "peer cpu", unit: "µs/request", min: 200, median: 250, max: 300, values: [300, 200] },
        { name: "peer throughput", unit: "requests/s", min: 50, median: 75, max: 100, values: [50, 100] },
      ],
      ratios: {
        "cpu ours/peer": { min: 0.1, median: 0.15, max: 0.2 },
        "throughput ours/peer": { min: 1, median: 1.5, max: 2 },
      },
    });
  });
});

describe("CPU time", () => {
  it("of a peer grows with its work, its own and that of its children", async () => {
    const peer = await startNode<number[]>(new URL("../../bench/balancer/origin.mjs", import.meta.url));
    onTestFinished(peer.stop);
    const before = await peer.cpuMs();
    await measure({ ...plan, rounds: 1, cases: [caseOf("origin", peer.port[0] ?? 0)] });
    expect(before).toBeGreaterThan(0);
    expect(await peer.cpuMs()).toBeGreaterThan(before);
  });
});

describe("npm run bench", () => {
  const bench = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "../../scripts/bench.mjs"), ...args], { encoding: "utf8" });

  it("lists the benchmarks", () => {
    const { status, stdout } = bench();
    expect(status).toBe(0);
    expect(stdout).toMatch(/^balancer +\S/m);
    expect(stdout).toMatch(/^session-overhead +\S/m);
  });

  it.each([
    ["nope"],
    ["balancer", "more"],
    ["balancer", "--rounds", "0"],
    ["balancer", "--rounds", "x"],
    ["balancer", "--fast"],
  ])("refuses %s with exit code 2 and no stack trace", (...args) => {
    const { status, stderr } = bench(...args);
    expect(status).toBe(2);
    expect(stderr.trim()).not.toMatch(/\n\s+at /);
  });
});
