import { describe, expect, it } from "vitest";
import { deadPort, echoOrigin, type RawSocket, rawOrigin, rig } from "./support/raw.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/** Accepts, reads a whole request, then resets the connection. */
const resetting = () =>
  rawOrigin((raw) => {
    void raw
      .message()
      .then(() => raw.socket.resetAndDestroy())
      .catch(() => {});
  });

const failed = (server: string, responseStarted = false) => ({ server, outcome: { kind: "cut", responseStarted } });
const refused = (server: string) => ({ server, outcome: { kind: "connect-failed", cause: "refused" } });
const answered = (server: string, status = 200) => ({
  server,
  outcome: { kind: "response", status, latencyMs: expect.any(Number) },
});

describe("no byte of the request was written", () => {
  it.each(["GET", "POST", "PATCH"])("tries the next server for %s", async (method) => {
    const origin = await echoOrigin();
    const { ask, director, plane } = await rig([await deadPort(), origin.port]);
    const response = await ask(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`);
    expect(response).toContain("200 OK");
    expect(origin.requests).toHaveLength(1);
    expect(origin.requests[0]).toMatch(/\r\n\r\nbody$/);
    await director.finished(2);
    expect(director.outcomes).toEqual([refused("s1"), answered("s2")]);
    expect(plane.counters.retriesTotal).toBe(1);
  });

  it("tries the next server when connecting takes too long", async () => {
    const origin = await echoOrigin();
    // TEST-NET-1 (RFC 5737) answers nothing; where it is unreachable at once, the outcome is another cause.
    const { client, director, runtime } = await rig([1, origin.port], {
      profile: { timeouts: { connectMs: 1_000, responseMs: 60_000 } },
    });
    Object.assign(director.servers[0]?.spec ?? {}, { address: "192.0.2.1" });
    const raw = await client();
    raw.write(POST);
    while (director.begun === 0) await new Promise((resolve) => setImmediate(resolve));
    runtime.clock.advance(1_500);
    expect((await raw.message()).head).toContain("200 OK");
    expect(director.outcomes[0]?.outcome.kind).toBe("connect-failed");
  });

  it("answers 503 with Retry-After when every server refuses, and says that nothing happened", async () => {
    const { ask, director } = await rig([await deadPort(), await deadPort()]);
    const response = await ask(POST);
    expect(response).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(response).toContain("\r\nRetry-After: 1\r\n");
    expect(response).toMatch(/\r\nContent-Length: \d+\r\n/);
    expect(response).toContain("NO_SERVER_AVAILABLE");
    expect(response).not.toMatch(/127\.0\.0\.1|s1|\.ts/);
    expect(director.outcomes).toEqual([refused("s1"), refused("s2")]);
  });

  it("answers 503 when no server is ready, and keeps the client's connection", async () => {
    const { client } = await rig([]);
    const raw = await client();
    raw.write(GET + GET);
    expect((await raw.message()).head).toContain("503");
    expect((await raw.message()).head).toContain("503");
  });

  it("tries no more servers than the profile allows", async () => {
    const origin = await echoOrigin();
    const { ask, director } = await rig([await deadPort(), await deadPort(), origin.port], { profile: { tries: 2 } });
    expect(await ask(GET)).toContain("503");
    expect(director.outcomes).toHaveLength(2);
  });
});

describe("bytes of the request had left", () => {
  it("repeats an idempotent request at the next server", async () => {
    const dying = await resetting();
    const origin = await echoOrigin();
    const { ask, director } = await rig([dying.port, origin.port]);
    expect(await ask(GET)).toContain("200 OK");
    await director.finished(2);
    expect(director.outcomes).toEqual([failed("s1"), answered("s2")]);
  });

  it("repeats an idempotent request whose body was kept, byte for byte", async () => {
    const dying = await resetting();
    const origin = await echoOrigin();
    const { ask } = await rig([dying.port, origin.port]);
    const body = "x".repeat(20_000);
    const request = `PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await ask(request)).toContain("200 OK");
    expect(origin.requests[0]).toMatch(/^PUT \/a HTTP/);
    expect(origin.requests[0]?.endsWith(`\r\n\r\n${body}`)).toBe(true);
  });

  it("does not repeat an idempotent request whose body was too large to keep", async () => {
    const dying = await resetting();
    const origin = await echoOrigin();
    const { ask } = await rig([dying.port, origin.port], { limits: { replayBytes: 1_000 } });
    const request = `PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n${"x".repeat(2_000)}`;
    expect(await ask(request)).toContain("502 Bad Gateway");
    expect(origin.requests).toHaveLength(0);
  });

  it.each(["POST", "PATCH", "MKCOL"])("answers 502 to %s and repeats nothing", async (method) => {
    const dying = await resetting();
    const origin = await echoOrigin();
    const { ask, director } = await rig([dying.port, origin.port]);
    const response = await ask(`${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`);
    expect(response).toContain("502 Bad Gateway");
    expect(response).toContain("SERVER_CONNECTION_LOST");
    expect(origin.requests).toHaveLength(0);
    expect(director.outcomes).toEqual([failed("s1")]);
  });

  it.each([
    ["repeats a POST with an Idempotency-Key where the profile says so", true, "Idempotency-Key: 7\r\n", "200 OK"],
    ["not by default", false, "Idempotency-Key: 7\r\n", "502 Bad Gateway"],
    ["nor without a key", true, "", "502 Bad Gateway"],
    ["nor with an empty one", true, "Idempotency-Key: \r\n", "502 Bad Gateway"],
  ])("%s", async (_name, idempotencyKey, field, answer) => {
    const dying = await resetting();
    const origin = await echoOrigin();
    const { ask } = await rig([dying.port, origin.port], { profile: { idempotencyKey } });
    const response = await ask(`POST / HTTP/1.1\r\nHost: a\r\n${field}Content-Length: 4\r\n\r\nbody`);
    expect(response).toContain(answer);
    expect(origin.requests.map((request) => request.slice(-4))).toEqual(answer === "200 OK" ? ["body"] : []);
  });

  it("answers 502, not 503, when the next server refuses after the first had the request", async () => {
    const dying = await resetting();
    const { ask } = await rig([dying.port, await deadPort()]);
    expect(await ask(GET)).toContain("502 Bad Gateway");
  });

  it("answers 504 when a server stays silent, after one other server at most", async () => {
    const silent = await rawOrigin();
    const { client, director, runtime } = await rig([silent.port, silent.port, silent.port]);
    const raw = await client();
    raw.write(GET);
    await (await silent.connection(0)).until("\r\n\r\n");
    runtime.clock.advance(61_000);
    await (await silent.connection(1)).until("\r\n\r\n");
    runtime.clock.advance(61_000);
    expect((await raw.message()).head).toContain("504 Gateway Timeout");
    expect(director.outcomes.map(({ outcome }) => outcome.kind)).toEqual(["timeout", "timeout"]);
  });

  it("does not repeat a POST that timed out", async () => {
    const silent = await rawOrigin();
    const { client, director, runtime } = await rig([silent.port, silent.port]);
    const raw = await client();
    raw.write(POST);
    await (await silent.connection(0)).until("body");
    runtime.clock.advance(61_000);
    expect((await raw.message()).head).toContain("504 Gateway Timeout");
    expect(director.outcomes).toHaveLength(1);
  });
});

describe("a byte of the response went to the client", () => {
  const cases: readonly [string, string][] = [
    ["Content-Length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"],
    ["chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
  ];
  it.each(cases)("cuts a response with %s that the server cut", async (_, response) => {
    const dying = await rawOrigin((raw) => {
      void raw.message().then(() => raw.socket.write(response, () => raw.socket.destroy()));
    });
    const other = await echoOrigin();
    const { client, director } = await rig([dying.port, other.port]);
    const raw = await client();
    raw.write(GET);
    const text = await raw.rest();
    expect(text).toMatch(/half(\r\n)?$/);
    expect(other.requests).toHaveLength(0);
    await director.finished(1);
    expect(director.outcomes).toEqual([failed("s1", true)]);
  });

  it("resets towards a client that could take FIN for the end", async () => {
    const dying = await rawOrigin((raw) => {
      const response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
      void raw.message().then(() => raw.socket.write(response));
    });
    const { client } = await rig([dying.port]);
    const raw = await client();
    raw.write("GET / HTTP/1.0\r\n\r\n");
    await raw.until("half");
    dying.connections[0]?.socket.resetAndDestroy();
    await raw.reset();
    expect(raw.error?.code).toBe("ECONNRESET");
  });
});

describe("kept connections", () => {
  async function keptOnce(origin: { connection(i: number): Promise<RawSocket> }, raw: RawSocket): Promise<void> {
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    first.write(OK);
    await raw.message();
  }

  it("repeats once on a fresh connection to the same server when the kept one was stale", async () => {
    const origin = await rawOrigin();
    const { client, director, plane } = await rig([origin.port]);
    const raw = await client();
    await keptOnce(origin, raw);
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    first.socket.resetAndDestroy();
    const second = await origin.connection(1);
    await second.until("\r\n\r\n");
    second.write(OK);
    expect((await raw.message()).body).toBe("ok");
    expect(plane.counters.staleTotal).toBe(1);
    expect(director.outcomes).toEqual([answered("s1"), answered("s1")]);
  });

  it("does not repeat a POST on a stale connection", async () => {
    const origin = await rawOrigin();
    const { client, director } = await rig([origin.port]);
    const raw = await client();
    await keptOnce(origin, raw);
    raw.write(POST);
    const first = await origin.connection(0);
    await first.until("body");
    first.socket.resetAndDestroy();
    expect((await raw.message()).head).toContain("502 Bad Gateway");
    expect(director.outcomes).toEqual([answered("s1"), failed("s1")]);
    expect(origin.connections).toHaveLength(1);
  });

  it("gives a POST a fresh connection when the kept one idled for a second", async () => {
    const origin = await rawOrigin();
    const { client, runtime } = await rig([origin.port]);
    const raw = await client();
    await keptOnce(origin, raw);
    runtime.clock.advance(1_000);
    raw.write(POST);
    const second = await origin.connection(1);
    await second.until("body");
    second.write(OK);
    expect((await raw.message()).body).toBe("ok");
  });

  it("gives an idempotent request the kept connection whatever its idle time", async () => {
    const origin = await rawOrigin();
    const { client, runtime, plane } = await rig([origin.port]);
    const raw = await client();
    await keptOnce(origin, raw);
    runtime.clock.advance(30_000);
    await keptOnce(origin, raw);
    expect(origin.connections).toHaveLength(1);
    expect(plane.counters.serverReusesTotal).toBe(1);
  });

  it("closes idle ones by the limit, and a second before the server's own Keep-Alive timeout", async () => {
    const origin = await rawOrigin();
    const { client, runtime, plane } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    first.write("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n");
    expect((await raw.message()).head).not.toMatch(/keep-alive/i);
    runtime.clock.advance(3_900);
    expect(plane.counters.serverIdle).toBe(1);
    runtime.clock.advance(400);
    await first.gone();
    expect(plane.counters.serverIdle).toBe(0);
  });

  it("keeps none for a profile without reuse, and says Connection: close", async () => {
    const origin = await echoOrigin();
    const { client, plane } = await rig([origin.port], { profile: { reuseConnections: false } });
    const raw = await client();
    raw.write(GET);
    await raw.message();
    raw.write(GET);
    await raw.message();
    expect(origin.connections).toHaveLength(2);
    expect(origin.requests[0]).toContain("\r\nConnection: close\r\n");
    expect(plane.counters.serverIdle).toBe(0);
  });

  it("does not use a connection again on which the server said too much", async () => {
    const origin = await rawOrigin();
    const { client, plane } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    first.write(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
    expect((await raw.message()).body).toBe("ok");
    expect(plane.counters.serverIdle).toBe(0);
    raw.write(GET);
    const second = await origin.connection(1);
    await second.until("\r\n\r\n");
    second.write(OK);
    expect((await raw.message()).body).toBe("ok");
  });
});

describe("a client that leaves", () => {
  it("cancels its request at the server", async () => {
    const origin = await rawOrigin();
    const { client, director } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    raw.socket.resetAndDestroy();
    await first.gone();
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "client-abort" } }]);
  });

  it("lets the server finish where the profile says so", async () => {
    const origin = await rawOrigin();
    const { client, director, plane } = await rig([origin.port], { profile: { cancelOnAbort: false } });
    const raw = await client();
    raw.write(GET);
    const first = await origin.connection(0);
    await first.until("\r\n\r\n");
    raw.socket.resetAndDestroy();
    while (plane.counters.clientAbortsTotal === 0) await new Promise((resolve) => setImmediate(resolve));
    first.write(OK);
    await director.finished(1);
    expect(director.outcomes).toEqual([answered("s1")]);
    expect(plane.counters.inFlight).toBe(0);
  });
});
