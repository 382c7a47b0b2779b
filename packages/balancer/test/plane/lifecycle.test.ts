import { describe, expect, it } from "vitest";
import { serverSpec } from "./support/director.ts";
import { echoOrigin, rawOrigin, rig } from "./support/raw.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("timeouts, all from one sweep", () => {
  it("answers 408 to a head that is not finished in time, from its first byte", async () => {
    const { client, runtime } = await rig([]);
    const raw = await client();
    raw.write("GET / HTTP/1.1\r\nHost: a\r\nX-Sl");
    await turn();
    await turn();
    runtime.clock.advance(5_000);
    raw.write("ow: 1\r\n");
    await turn();
    runtime.clock.advance(4_000);
    expect(raw.ended).toBe(false);
    runtime.clock.advance(2_000);
    expect((await raw.message()).head).toContain("408 Request Timeout");
    expect(await raw.rest()).toBe("");
  });

  it("closes a connection that never sends anything, and one that stays idle, without a word", async () => {
    const origin = await echoOrigin();
    const { client, runtime } = await rig([origin.port]);
    const mute = await client();
    await turn();
    runtime.clock.advance(11_000);
    expect(await mute.rest()).toBe("");

    const idle = await client();
    idle.write(GET);
    await idle.message();
    runtime.clock.advance(70_000);
    expect(idle.ended).toBe(false);
    runtime.clock.advance(6_000);
    expect(await idle.rest()).toBe("");
  });

  it("gives the second request of a connection its own time", async () => {
    const origin = await echoOrigin();
    const { client, runtime } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    await raw.message();
    runtime.clock.advance(60_000);
    raw.write("GET / HTTP/1.1\r\n");
    await turn();
    await turn();
    await turn();
    runtime.clock.advance(9_000);
    expect(raw.ended).toBe(false);
    runtime.clock.advance(2_000);
    expect((await raw.message()).head).toContain("408");
  });

  it("cuts a client that stops sending its body", async () => {
    const origin = await rawOrigin();
    const { client, runtime, director } = await rig([origin.port]);
    const raw = await client();
    raw.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nstart");
    await (await origin.connection(0)).until("start");
    runtime.clock.advance(61_000);
    await raw.gone();
    await director.finished(1);
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "client-abort" } }]);
  });

  it("cuts a client that stops reading its response", async () => {
    const origin = await rawOrigin();
    const { client, runtime, director } = await rig([origin.port]);
    const raw = await client();
    raw.socket.pause();
    raw.write(GET);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 33554432\r\n\r\n");
    server.write(Buffer.alloc(33_554_432));
    for (let i = 0; i < 50; i++) await turn();
    runtime.clock.advance(61_000);
    await director.finished(1);
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "client-abort" } }]);
    await server.gone();
  });

  it("cuts a response in which the server falls silent", async () => {
    const origin = await rawOrigin();
    const { client, runtime, director } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await raw.until("half");
    runtime.clock.advance(61_000);
    expect(await raw.rest()).toBe("");
    expect(director.outcomes).toEqual([{ server: "s1", outcome: { kind: "timeout" } }]);
  });

  it("lets go of a refused client that does not close", async () => {
    const { client, runtime, plane } = await rig([]);
    const raw = await client();
    raw.write("nonsense\r\n\r\n");
    await raw.rest();
    expect(plane.counters.clients).toBe(1);
    runtime.clock.advance(3_000);
    while (plane.counters.clients > 0) await turn();
  });
});

describe("close", () => {
  it("closes idle connections at once, ends busy ones after their response, and resolves when all are gone", async () => {
    const origin = await rawOrigin();
    const { client, plane } = await rig([origin.port]);
    const idle = await client();
    idle.write(GET);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write(OK);
    await idle.message();
    const busy = await client();
    busy.write(GET);
    await server.until("\r\n\r\n");

    const closed = plane.close(10_000);
    expect(await idle.rest()).toBe("");
    idle.socket.end();
    server.write(OK);
    const { head, body } = await busy.message();
    expect(head).toContain("\r\nConnection: close\r\n");
    expect(body).toBe("ok");
    expect(await busy.rest()).toBe("");
    busy.socket.end();
    await closed;
    expect(plane.counters).toMatchObject({ clients: 0, inFlight: 0, serverIdle: 0 });
  });

  it("cuts what is left at the deadline, tunnels too", async () => {
    const origin = await rawOrigin();
    const { client, plane, runtime, director } = await rig([origin.port]);
    const raw = await client();
    raw.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await raw.until("\r\n\r\n");
    const closed = plane.close(10_000);
    runtime.clock.advance(9_000);
    expect(raw.ended).toBe(false);
    runtime.clock.advance(1_000);
    await closed;
    await raw.gone();
    expect(director.outcomes).toHaveLength(1);
    expect(runtime.clock.armed).toBe(0);
  });

  it("closes a connection whose head had gone out without a word of it", async () => {
    const origin = await rawOrigin();
    const { client, plane } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    const server = await origin.connection(0);
    await server.until("\r\n\r\n");
    server.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    await raw.until("ha");
    const closed = plane.close(10_000);
    server.write("lf");
    expect(await raw.rest()).toBe("lf");
    raw.socket.end();
    await closed;
  });

  it("takes no connection afterwards", async () => {
    const { client, plane, port } = await rig([]);
    await plane.close(0);
    expect(port).toBeGreaterThan(0);
    const raw = await client();
    expect(await raw.rest()).toBe("");
  });
});

describe("servers", () => {
  it("that are removed lose their idle connections; those in use end with their request", async () => {
    const origin = await rawOrigin();
    const { client, plane, director } = await rig([origin.port]);
    const first = await client();
    const second = await client();
    first.write(GET);
    const one = await origin.connection(0);
    await one.until("\r\n\r\n");
    second.write(GET);
    const two = await origin.connection(1);
    await two.until("\r\n\r\n");
    one.write(OK);
    await first.message();
    expect(plane.counters.serverIdle).toBe(1);

    plane.retain([]);
    await one.gone();
    expect(plane.counters.serverIdle).toBe(0);
    two.write(OK);
    expect((await second.message()).body).toBe("ok");
    await two.gone();
    expect(plane.counters.serverIdle).toBe(0);
    expect(director.outcomes).toHaveLength(2);
  });

  it("that stay keep theirs", async () => {
    const origin = await echoOrigin();
    const { client, plane, director } = await rig([origin.port]);
    const raw = await client();
    raw.write(GET);
    await raw.message();
    plane.retain(director.servers);
    plane.closeServer("another");
    plane.closeServer("s1", "another-pool");
    raw.write(GET);
    await raw.message();
    expect(origin.connections).toHaveLength(1);
    plane.closeServer("s1");
    raw.write(GET);
    await raw.message();
    expect(origin.connections).toHaveLength(2);
  });

  it("whose address changed get new connections under the old identity", async () => {
    const before = await echoOrigin();
    const after = await echoOrigin();
    const { client, director } = await rig([before.port]);
    const raw = await client();
    raw.write(GET);
    await raw.message();
    const handles = director.servers as unknown as { spec: ReturnType<typeof serverSpec> }[];
    const handle = handles[0];
    if (handle !== undefined) handles[0] = { ...handle, spec: serverSpec("s1", after.port) };
    raw.write(GET);
    await raw.message();
    expect(after.requests).toHaveLength(1);
    await before.connections[0]?.gone();
  });
});

it("answers 404 when no pool serves the request", async () => {
  const { ask, plane } = await rig([], { noRoute: true });
  const response = await ask(GET);
  expect(response).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
  expect(response).toContain("NO_ROUTE");
  expect(plane.counters.responsesByClass[4]).toBe(1);
});

describe("a defect on the balancing side", () => {
  const throws = () => {
    throw new Error("secret=1");
  };

  it.each(["route", "decide", "begin"] as const)("in %s costs one connection, not the process", async (step) => {
    const origin = await echoOrigin();
    const { client, director, runtime, plane } = await rig([origin.port]);
    const working = director[step];
    director[step] = throws;
    const raw = await client();
    raw.write(GET);
    expect(await raw.rest()).toBe("");
    expect(runtime.lines).toMatchObject([{ level: "error", fields: { code: "PLANE_FAULT" } }]);
    expect(JSON.stringify(runtime.lines)).not.toContain("secret");
    Object.assign(director, { [step]: working });
    const next = await client();
    next.write(GET);
    expect((await next.message()).body).toBe("ok");
    expect(plane.counters.inFlight).toBe(0);
  });

  it("while a server's answer is handled costs that request, and its attempt is closed", async () => {
    const origin = await echoOrigin("HTTP/1.1 200 OK\r\nSojourn-Affinity: end\r\nContent-Length: 2\r\n\r\nok");
    const { client, director, plane } = await rig([origin.port]);
    const decide = director.decide;
    director.decide = (pool, facts) => ({ ...decide(pool, facts), unbind: throws });
    const raw = await client();
    raw.write(GET);
    await raw.gone();
    expect(raw.text).toBe("");
    expect(director.outcomes).toHaveLength(1);
    expect(plane.counters).toMatchObject({ inFlight: 0, serverIdle: 0 });
  });
});
