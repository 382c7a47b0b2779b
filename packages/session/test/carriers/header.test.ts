import { createServer } from "node:http";
import { createSessions, type StoreOptions } from "@sojourn/session";
import { type HeaderTokenOptions, headerToken } from "@sojourn/session/carriers/header";
import { withSession } from "@sojourn/session/fetch";
import { nodeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Shop } from "../engine/support.ts";

const make = (names?: HeaderTokenOptions, more: Partial<StoreOptions> = {}) =>
  createSessions<Shop>({ store: memoryStore(), carrier: headerToken(names), env: {}, ...more });

async function overNode(names?: HeaderTokenOptions): Promise<string> {
  const handle = nodeSession(make(names)).handle(async (request, response, session) => {
    if (request.url === "/login") await session.login("ada");
    if (request.url === "/elevate") await session.elevate(2);
    if (request.url === "/logout") await session.logout();
    if (request.url === "/add") session.push("cart", "apple");
    response.end(JSON.stringify({ user: session.userId, items: session.get("cart"), level: session.level }));
  });
  const server = createServer(handle);
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

/** A client that keeps what it is given. */
function client(origin: string, request = "Authorization", response = "Session-Token") {
  const kept = { token: "" };
  const call = async (path: string, headers: Record<string, string> = {}, token = kept.token) => {
    const value = request === "Authorization" ? `Bearer ${token}` : token;
    const sent = token === "" ? headers : { ...headers, [request]: value };
    const answer = await fetch(origin + path, { method: "POST", headers: sent });
    kept.token = answer.headers.get(response) ?? kept.token;
    return { status: answer.status, headers: answer.headers, json: (await answer.json()) as object };
  };
  return { kept, call };
}

describe("a token in a header", () => {
  it.each([
    ["Authorization", undefined],
    ["X-Session", { request: "X-Session", response: "X-Session" }],
  ])("lives in %s over real HTTP: begun, logged in, elevated, logged out", async (request, names) => {
    const { kept, call } = client(await overNode(names), request, names?.response);
    const first = await call("/add");
    expect(first.headers.getSetCookie()).toEqual([]);
    expect(first.headers.get("cache-control")).toBe("no-store");
    expect(first.headers.get("vary")).toBe(request);
    const anonymous = kept.token;
    expect((await call("/login")).json).toEqual({ user: "ada", items: ["apple"], level: 1 });
    const loggedIn = kept.token;
    expect(loggedIn).not.toBe(anonymous);
    // Fixation: the token from before the login is nobody's.
    expect((await call("/", {}, anonymous)).json).toEqual({ level: 0 });
    kept.token = loggedIn;
    expect((await call("/elevate")).json).toMatchObject({ level: 2 });
    expect(kept.token).not.toBe(loggedIn);
    const last = kept.token;
    const left = await call("/logout");
    expect([left.headers.get("sojourn-affinity"), kept.token]).toEqual(["end", ""]);
    expect((await call("/", {}, last)).json).toEqual({ level: 0 });
  });

  it("is no cookie: other sites cannot send it, so they are not refused, and no cookie counts", async () => {
    const { kept, call } = client(await overNode());
    await call("/login");
    const cross = await call("/add", { "sec-fetch-site": "cross-site", origin: "https://app.example" });
    expect(cross.json).toMatchObject({ user: "ada", items: ["apple"] });
    expect((await call("/", { cookie: `__Host-session=${kept.token}` }, "")).json).toEqual({ level: 0 });
  });

  it.each(["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a,Bearer b", `Bearer ${"A".repeat(9_000)}`])(
    "takes %j for no session",
    async (authorization) => {
      const handler = withSession(make(), (_, session) => Response.json(session.isNew));
      const answer = await handler(new Request("https://shop.test", { headers: { authorization } }));
      expect([answer.status, await answer.json()]).toEqual([200, true]);
    },
  );

  it("goes through the fetch adapter, redirects included", async () => {
    const handler = withSession<Shop>(make(), async (_, session) => {
      await session.login("ada");
      return Response.redirect("https://shop.test/home", 303);
    });
    const answer = await handler(new Request("https://shop.test/login", { method: "POST" }));
    expect(answer.headers.get("session-token")).toMatch(/^[\w-]{43}$/);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it("refuses what it cannot do", () => {
    for (const names of [{ request: "Cookie" }, { request: "a b" }, { response: "Set-Cookie" }, { request: 5 }]) {
      expect(() => headerToken(names as never)).toThrow(/OPTIONS_INVALID: headerToken\./);
    }
    expect(() => make({}, { rotateAfter: "1h" })).toThrow(/UNSUPPORTED: rotateAfter/);
    expect(() => make({}, { cookie: { name: "s" } })).toThrow(/UNSUPPORTED: cookie/);
    expect(make({}, { rotateAfter: false }).policy().rows).toContainEqual({
      name: "request header",
      value: "Authorization; the client sends it by itself",
    });
    expect(String(make().policy())).toContain("cross-site requests: not judged");
  });
});
