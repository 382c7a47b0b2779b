import { SojournError } from "@sojourn/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { json } from "../../src/admin/request.ts";
import { call, JSON_TYPE } from "./call.ts";
import { startDesk } from "./desk.ts";

let desk: Awaited<ReturnType<typeof startDesk>>;
let reloads = 0;
let failure: Error | undefined;
beforeEach(async () => {
  reloads = 0;
  failure = undefined;
  desk = await startDesk({
    reload: async () => {
      if (failure !== undefined) throw failure;
      reloads++;
    },
    routes: [
      { method: "POST", path: "/demo/servers/:name/kill", handle: ({ params, body }) => json({ params, body }) },
    ],
  });
});
afterEach(() => desk.stop());

const get = (path: string) => call(desk.port, "GET", path);
const send = (method: string, path: string, body?: unknown) =>
  call(desk.port, method, path, JSON_TYPE, body === undefined ? undefined : JSON.stringify(body));

describe("pools", () => {
  it("are listed with what is known of their servers", async () => {
    desk.engine.see("shop", "a", { served: 4, errors: 1, inFlight: 2, bound: { count: 3, exact: true } });
    desk.engine.see("shop", "b", { bound: "unsupported", served: "unsupported" });
    const { status, body } = await get("/v1/pools");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      pools: [
        {
          name: "shop",
          balance: "round-robin",
          affinity: { kind: "cookie", outcomes: { hit: 0, moved: { down: 0 } } },
          servers: [
            {
              name: "a",
              url: "http://127.0.0.1:3000",
              state: "enabled",
              health: "up",
              inFlight: 2,
              served: 4,
              errors: 1,
              bound: { count: 3, exact: true },
              weight: 1,
            },
            { name: "b", bound: "unsupported", served: "unsupported" },
          ],
        },
      ],
    });
    expect((await get("/v1/pools/shop")).body).toMatchObject({ name: "shop", servers: [{ name: "a" }, { name: "b" }] });
  });

  it("that do not exist are 404 with those that do", async () => {
    expect((await get("/v1/pools/nope")).body).toEqual({
      code: "POOL_UNKNOWN",
      what: "there is no pool nope",
      mend: "pools: shop",
    });
    const answer = await send("POST", "/v1/pools/shop/servers/z/drain", {});
    expect([answer.status, answer.body]).toEqual([
      404,
      { code: "SERVER_UNKNOWN", what: "pool shop has no server z", mend: "servers: a, b" },
    ]);
  });
});

describe("states", () => {
  it("are set and answered with the server as it is then", async () => {
    const drained = await send("POST", "/v1/pools/shop/servers/a/drain", { deadlineMs: 60_000 });
    expect(drained.body).toMatchObject({
      pool: "shop",
      server: { name: "a", state: "draining", overridden: true, drain: { forMs: 0, deadlineInMs: 60_000 } },
    });
    expect((await send("POST", "/v1/pools/shop/servers/a/disable")).body).toMatchObject({
      server: { state: "disabled" },
    });
    const enabled = await send("POST", "/v1/pools/shop/servers/a/enable", {});
    expect(enabled.body).toMatchObject({ server: { state: "enabled", overridden: false } });
  });

  it("refuse bodies that they do not take", async () => {
    for (const body of [{ deadlineMs: -1 }, { deadlineMs: "1m" }, { deadline: 1 }, [], "x", null, 1]) {
      const answer = await send("POST", "/v1/pools/shop/servers/a/drain", body);
      expect([JSON.stringify(body), answer.status, answer.body.code]).toEqual([
        JSON.stringify(body),
        400,
        "ADMIN_BODY_INVALID",
      ]);
    }
    const answer = await call(desk.port, "POST", "/v1/pools/shop/servers/a/drain", JSON_TYPE, "{");
    expect(answer.body).toMatchObject({ code: "ADMIN_BODY_INVALID", mend: "send a JSON object" });
    expect((await send("POST", "/v1/pools/shop/servers/a/enable", { deadlineMs: 1 })).status).toBe(400);
  });
});

describe("servers", () => {
  it("are added, replaced and removed", async () => {
    const added = await send("PUT", "/v1/pools/shop/servers/c", { url: "http://[::1]:3002", weight: 2 });
    expect([added.status, added.body]).toMatchObject([
      201,
      { server: { name: "c", url: "http://[::1]:3002", weight: 2 } },
    ]);
    const replaced = await send("PUT", "/v1/pools/shop/servers/c", { url: "http://10.0.0.3" });
    expect([replaced.status, replaced.body]).toMatchObject([200, { server: { url: "http://10.0.0.3:80", weight: 1 } }]);
    const removed = await send("DELETE", "/v1/pools/shop/servers/a");
    expect(removed.body).toMatchObject({ name: "shop", servers: [{ name: "b" }, { name: "c" }] });
    await send("DELETE", "/v1/pools/shop/servers/b");
    expect((await send("DELETE", "/v1/pools/shop/servers/c")).body).toMatchObject({ code: "SERVER_LAST" });
  });

  it("need an address that makes sense", async () => {
    const bodies = [
      {},
      { url: "10.0.0.1:80" },
      { url: "https://10.0.0.1" },
      { url: "http://10.0.0.1/path" },
      { url: "http://user@10.0.0.1" },
      { url: "http://10.0.0.1", weight: -1 },
      { url: "http://10.0.0.1", weigth: 1 },
    ];
    for (const body of bodies) {
      const answer = await send("PUT", "/v1/pools/shop/servers/c", body);
      expect([JSON.stringify(body), answer.status]).toEqual([JSON.stringify(body), 400]);
    }
    const named = await send("PUT", "/v1/pools/shop/servers/bad%0Aname", { url: "http://10.0.0.1" });
    expect([named.status, named.body.code]).toEqual([400, "ADMIN_BODY_INVALID"]);
    expect((await get("/v1/pools/shop")).body.servers).toHaveLength(2);
  });
});

describe("explain", () => {
  it("asks the engine for such a client", async () => {
    const answer = await get("/v1/explain?ip=192.0.2.7&cookie=a%3D1&cookie=b%3D2&header=X-Session-ID:%207");
    expect(answer.body).toMatchObject({
      pool: "shop",
      candidates: [{ server: "a", affinity: "new" }, { server: "b" }],
    });
    expect(desk.engine.received.at(-1)).toMatchObject({
      kind: "explain",
      pool: "shop",
      clientAddress: "192.0.2.7",
      headers: { cookie: "a=1; b=2", "x-session-id": "7" },
    });
  });

  it("takes names that objects have of themselves for names", async () => {
    await get("/v1/explain?header=constructor:%207&header=__proto__:%208&header=Constructor:%209");
    const { headers } = desk.engine.received.at(-1) as { headers: object };
    expect(Object.entries(headers)).toEqual([
      ["constructor", "7"],
      ["__proto__", "8"],
    ]);
  });

  it("refuses what it does not know", async () => {
    for (const query of ["ip=nowhere", "header=nothing", "header=a:%0Ab", "colour=red"]) {
      expect([query, (await get(`/v1/explain?${query}`)).body.code]).toEqual([query, "ADMIN_QUERY_INVALID"]);
    }
    expect((await get("/v1/explain?pool=nope")).status).toBe(404);
  });
});

describe("reload", () => {
  it("reads the file again", async () => {
    expect((await send("POST", "/v1/reload")).body).toMatchObject({ reloaded: true, pools: [{ name: "shop" }] });
    expect(reloads).toBe(1);
  });

  it("tells where the file is wrong", async () => {
    failure = new SojournError(
      "CONFIG_INVALID",
      { what: "weight is -1", how: "write 0 to 1000" },
      { place: { file: "sojourn.yaml", line: 3, column: 5 } },
    );
    const answer = await send("POST", "/v1/reload");
    expect(answer.body).toEqual({
      code: "CONFIG_INVALID",
      what: "weight is -1",
      mend: "write 0 to 1000",
      place: { file: "sojourn.yaml", line: 3, column: 5 },
    });
  });

  it("is refused where there is no file", async () => {
    const fileless = await startDesk();
    const answer = await call(fileless.port, "POST", "/v1/reload", JSON_TYPE);
    expect([answer.status, answer.body.code]).toEqual([409, "RELOAD_UNAVAILABLE"]);
    await fileless.stop();
  });
});

describe("anything else", () => {
  it("is JSON without a stack trace, whatever failed", async () => {
    failure = new Error("secret detail at /home/someone/file.ts");
    const answer = await send("POST", "/v1/reload");
    expect([answer.status, answer.body.code]).toEqual([500, "ADMIN_FAILED"]);
    expect(answer.text).not.toMatch(/secret|\.ts|at /);
    expect(desk.runtime.lines).toMatchObject([{ level: "error", message: "the admin API failed" }]);
  });

  it("is 404 or 405 with what there is", async () => {
    expect((await get("/v1/pool")).body).toMatchObject({ code: "ADMIN_PATH_UNKNOWN" });
    expect((await get("/v1/pools/%ff")).status).toBe(404);
    expect((await send("PATCH", "/v1/pools/shop/servers/a", {})).body).toMatchObject({
      code: "ADMIN_METHOD_UNKNOWN",
      mend: "use PUT, DELETE",
    });
  });

  it("tells of itself", async () => {
    expect((await get("/v1/status")).body).toMatchObject({
      engine: { engine: "fake", portVersion: 1 },
      version: "0.1.0",
    });
    expect((await call(desk.port, "HEAD", "/v1/status")).text).toBe("");
  });

  it("can be added by whoever starts the balancer, under the same protections", async () => {
    expect((await send("POST", "/demo/servers/shop-1/kill", { now: true })).body).toEqual({
      params: { name: "shop-1" },
      body: { now: true },
    });
    expect((await call(desk.port, "POST", "/demo/servers/shop-1/kill")).status).toBe(415);
  });
});
