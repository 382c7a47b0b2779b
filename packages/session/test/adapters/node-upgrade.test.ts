import { type NodeRequest, upgradeSession } from "@sojourn/session/node";
import { createFakeRuntime } from "@sojourn/session/testing";
import { beforeEach, expect, test } from "vitest";
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

test("a live socket is told when its session ends", async () => {
  const session = await upgradeSession(scene.sessions, handshake({ cookie }));
  let told = 0;
  scene.sessions.onEnd(session.id ?? "", () => {
    told++;
  });
  await scene.sessions.revokeUser("ann");
  expect(told).toBe(1);
});
