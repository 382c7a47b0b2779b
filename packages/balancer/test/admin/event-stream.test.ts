import { type IncomingMessage, request } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import { MAX_FOLLOWERS, MAX_WAITING_BYTES } from "../../src/admin/event-stream.ts";
import { HEARTBEAT_MS } from "../../src/timers.ts";
import { call, JSON_TYPE } from "./call.ts";
import { startDesk } from "./desk.ts";

let desk: Awaited<ReturnType<typeof startDesk>>;
beforeEach(async () => {
  desk = await startDesk();
});
afterEach(() => desk.stop());

/** Follows the events; `until` resolves when the text so far holds what is asked for. */
async function follow(headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const { port } = desk;
    request({
      host: "127.0.0.1",
      port,
      path: "/v1/events",
      agent: false,
      headers: { Host: `127.0.0.1:${port}`, ...headers },
    })
      .on("response", resolve)
      .on("error", reject)
      .end();
  });
  let text = "";
  const waiting = new Set<() => void>();
  const closed = new Promise<void>((resolve) => {
    response.on("close", resolve);
  });
  response.setEncoding("utf8");
  response.on("error", () => {});
  response.on("data", (chunk: string) => {
    text += chunk;
    for (const look of waiting) look();
  });
  const until = (part: string) =>
    new Promise<string>((resolve) => {
      const look = () => {
        if (!text.includes(part)) return;
        waiting.delete(look);
        resolve(text);
      };
      waiting.add(look);
      look();
    });
  await until("following");
  return { response, until, closed, text: () => text };
}

const setState = (action: string) => call(desk.port, "POST", `/v1/pools/shop/servers/a/${action}`, JSON_TYPE, "{}");

it("tells what happens, as server-sent events with an id", async () => {
  const { response, until } = await follow();
  expect(response.headers["content-type"]).toBe("text/event-stream; charset=utf-8");
  expect(response.headers["cache-control"]).toBe("no-store");
  await setState("disable");
  const text = await until("server.state");
  const [, id, event, data] = /id: (\d+)\nevent: (.*)\ndata: (.*)\n\n/.exec(text) ?? [];
  expect([id, event]).toEqual(["1", "server.state"]);
  expect(JSON.parse(data ?? "")).toMatchObject({
    v: 1,
    kind: "server.state",
    pool: "shop",
    server: "a",
    state: "disabled",
  });
  response.destroy();
});

it("resumes after the last event that a client saw", async () => {
  await setState("disable");
  await setState("enable");
  const { until, response, text } = await follow({ "Last-Event-ID": "1" });
  await until("id: 2\n");
  expect(text()).not.toContain("id: 1\n");
  response.destroy();
  const fresh = await follow({ "Last-Event-ID": "garbage" });
  await setState("drain");
  await fresh.until("id: 3\n");
  expect(fresh.text()).not.toContain("id: 2\n");
  fresh.response.destroy();
});

it("keeps idle streams open by heartbeats", async () => {
  const { until, response } = await follow();
  desk.runtime.clock.advance(HEARTBEAT_MS);
  await until(": still here");
  response.destroy();
});

it("follows no more than it can, and lets go of those who leave", async () => {
  const followers = [];
  for (let i = 0; i < MAX_FOLLOWERS; i++) followers.push(await follow());
  expect((await call(desk.port, "GET", "/v1/events")).body).toMatchObject({ code: "ADMIN_BUSY" });
  expect(desk.runtime.clock.armed).toBe(MAX_FOLLOWERS);
  desk.streams.close();
  await Promise.all(followers.map(({ closed }) => closed));
  expect(desk.runtime.clock.armed).toBe(0);
  (await follow()).response.destroy();
});

it("cuts off a client that does not read, so that its queue stays bounded", async () => {
  const slow = await follow();
  slow.response.pause();
  const reason = "x".repeat(10_000);
  let raised = 0;
  // What fits in the sockets' own buffers is a few megabytes at most.
  while (desk.runtime.clock.armed > 0 && raised < 10_000) {
    desk.engine.raise({ v: 1, atMs: 0, kind: "server.down", pool: "shop", server: "a", source: "active", reason });
    raised++;
    if (raised % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(raised).toBeLessThan(10_000);
  expect(raised * reason.length).toBeGreaterThan(MAX_WAITING_BYTES);
  slow.response.destroy();
});
