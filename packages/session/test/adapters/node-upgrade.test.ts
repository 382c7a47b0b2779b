import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type NodeRequest, upgradeSession } from "@sojourn/session/node";
import { createFakeRuntime } from "@sojourn/session/testing";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createScene, type Scene } from "./scene.ts";

const ORIGIN = "https://shop.test";

let scene: Scene;
let cookie: string;
const runtime = createFakeRuntime();
beforeEach(async () => {
  scene = createScene({ runtime });
  const session = await scene.sessions.load(new Request(ORIGIN));
  await session.login("ann");
  const { setCookies } = await scene.sessions.commit(session);
  cookie = setCookies[0]?.split(";", 1)[0] ?? "";
});

function handshake(headers: Record<string, string>): NodeRequest {
  return {
    method: "GET",
    headers: { host: "shop.test", upgrade: "websocket", ...headers },
    socket: { remoteAddress: "203.0.113.9", encrypted: true },
  };
}

test("a handshake from the site's own page has the session", async () => {
  for (const said of [{ origin: ORIGIN }, { "sec-fetch-site": "same-origin" }, {}]) {
    const session = await upgradeSession(scene.sessions, handshake({ cookie, ...said }));
    expect(session.userId).toBe("ann");
  }
});

test("a handshake from another site's page is refused before the store is asked", async () => {
  const reads = scene.held.calls("read");
  for (const said of [{ origin: "https://evil.test" }, { origin: "null" }, { "sec-fetch-site": "same-site" }]) {
    await expect(upgradeSession(scene.sessions, handshake({ cookie, ...said }))).rejects.toMatchObject({
      code: "SESSION_CSRF_REFUSED",
      status: 403,
    });
  }
  expect(scene.held.calls("read")).toBe(reads);
});

test("nobody's handshake is an anonymous session, and sets nothing", async () => {
  const session = await upgradeSession(scene.sessions, handshake({ origin: ORIGIN }));
  expect([session.userId, session.id]).toEqual([undefined, undefined]);
  expect(() => session.increment("visits")).toThrow(expect.objectContaining({ code: "SESSION_HEADERS_SENT" }));
});

test("what needs a cookie throws, data is committed, and the handshake counts as activity", async () => {
  runtime.clock.advance(5 * 60_000);
  const session = await upgradeSession(scene.sessions, handshake({ cookie }));
  await expect(session.rotate()).rejects.toMatchObject({ code: "SESSION_HEADERS_SENT" });
  session.increment("visits");
  await session.commit();
  const later = await scene.sessions.load(new Request(ORIGIN, { headers: { Cookie: cookie } }));
  expect([later.get("visits"), later.lastSeenAt?.getTime()]).toEqual([1, runtime.clock.now()]);
});

test("a handshake alone counts as activity", async () => {
  runtime.clock.advance(5 * 60_000);
  await upgradeSession(scene.sessions, handshake({ cookie }));
  await runtime.settled();
  const later = await scene.sessions.load(new Request(ORIGIN, { headers: { Cookie: cookie } }));
  expect(later.lastSeenAt?.getTime()).toBe(runtime.clock.now());
});

test("a live socket is told when its session ends", async () => {
  const session = await upgradeSession(scene.sessions, handshake({ cookie }));
  let told = 0;
  scene.sessions.onEnd(session.id ?? "", () => {
    told++;
  });
  await scene.sessions.revokeUser("ann");
  expect(told).toBe(1);
});

describe("on a real socket", () => {
  async function listen(): Promise<string> {
    const server = createServer();
    const sockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", async (request, socket, head) => {
      try {
        const { id = "" } = await upgradeSession(scene.sessions, request);
        sockets.handleUpgrade(request, socket, head, (live) => {
          live.on(
            "close",
            scene.sessions.onEnd(id, () => live.close(4401)),
          );
          live.send("ready");
        });
      } catch (error) {
        socket.end(`HTTP/1.1 ${(error as { status?: number }).status} No\r\nContent-Length: 0\r\n\r\n`);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => {
      for (const live of sockets.clients) live.terminate();
      server.close();
    });
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  function dial(address: string): WebSocket {
    return new WebSocket(address, { headers: { Cookie: cookie } });
  }

  test.each<[string, () => unknown]>([
    ["is idle for too long", () => runtime.clock.advance(31 * 60_000)],
    ["is ended elsewhere", async () => (await scene.sessions.load(shop())).logout()],
  ])("a session that %s closes it", async (_name, end) => {
    const live = dial(await listen());
    await once(live, "message");
    const closed = once(live, "close");
    await end();
    expect((await closed)[0]).toBe(4401);
  });

  test("a store that is down refuses the handshake with 503", async () => {
    const address = await listen();
    scene.held.hold("read").fail(new Error("down"));
    const [error] = (await once(dial(address), "error")) as [Error];
    expect(error.message).toContain("503");
  });

  const shop = () => new Request(ORIGIN, { headers: { Cookie: cookie } });
});
