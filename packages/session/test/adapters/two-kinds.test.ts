import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createSessions, type Session } from "@sojourn/session";
import { headerToken } from "@sojourn/session/carriers/header";
import { withSession } from "@sojourn/session/fetch";
import { honoSession } from "@sojourn/session/hono";
import { nodeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { Hono } from "hono";
import { afterEach, describe, expect, test } from "vitest";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const store = memoryStore();
const failing = { ...store, write: () => Promise.reject(new Error("down")) };
const shop = createSessions({ store: failing, env: {}, trustProxy: ["127.0.0.1"] });
const staff = createSessions({ store, env: {}, trustProxy: ["127.0.0.1"], cookie: { name: "__Host-staff" } });

async function work(first: Session, second: Session): Promise<void> {
  first.set("seen", 1);
  await second.login("ann");
}

/** Each answers 200 and sets a cookie of its own where the shop's commit does not fail. */
const handlers = {
  async fetch(): Promise<Response> {
    const inner = (request: Request, first: Session) =>
      withSession(staff, async (_, second) => {
        await work(first, second);
        return new Response("made", { headers: { "Set-Cookie": "other=1" } });
      })(request);
    return withSession(shop, inner)(new Request("https://shop.example.com/"));
  },
  async hono(): Promise<Response> {
    const [first, second] = [honoSession(shop), honoSession(staff)];
    const app = new Hono().use(first, second);
    app.get("/", async (c) => {
      await work(first.of(c), second.of(c));
      return c.text("made", 200, { "Set-Cookie": "other=1" });
    });
    return app.request("https://shop.example.com/");
  },
  async node(): Promise<Response> {
    const inner = nodeSession(staff);
    const server = createServer(
      nodeSession(shop).handle(async (request: IncomingMessage, response: ServerResponse, first) => {
        const second = await inner.attach(request, response, () => expect.unreachable());
        await work(first, second);
        response.setHeader("Set-Cookie", "other=1");
        response.end("made");
      }),
    );
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, {
      headers: { "X-Forwarded-Proto": "https" },
    });
  },
};

test("two adapters of one kind give a request one session, and its response one cookie", async () => {
  const [outer, inner] = [nodeSession(staff), nodeSession(staff)];
  const server = createServer(
    outer.handle(async (request: IncomingMessage, response: ServerResponse, first) => {
      const second = await inner.attach(request, response, () => expect.unreachable());
      expect(second).toBe(first);
      second.set("seen", 1);
      response.end("made");
    }),
  );
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const response = await fetch(url, { headers: { "X-Forwarded-Proto": "https" } });
  expect([response.status, response.headers.getSetCookie().length]).toEqual([200, 1]);
});

test("so is one whose token goes out in a header", async () => {
  const phone = createSessions({ store, env: {}, carrier: headerToken() });
  const outer = withSession(shop, (request, first) =>
    withSession(phone, async (_, second) => {
      await work(first, second);
      return new Response("made");
    })(request),
  );
  const response = await outer(new Request("https://shop.example.com/"));
  expect([response.status, response.headers.get("Session-Token")]).toEqual([503, expect.any(String)]);
});

describe.each(Object.keys(handlers) as (keyof typeof handlers)[])(
  "two kinds of sessions on one response, %s",
  (name) => {
    test("a login of one is told to its client, though the commit of the other fails after it", async () => {
      const response = await handlers[name]();
      expect(response.status).toBe(503);
      const cookies = response.headers.getSetCookie();
      expect(cookies.map((line) => line.split("=")[0])).toEqual(["__Host-staff"]);
      const Cookie = cookies[0]?.split(";")[0] ?? "";
      const session = await staff.load(new Request("https://shop.example.com/", { headers: { Cookie } }));
      expect(session.userId).toBe("ann");
      expect(response.headers.get("Cache-Control")).toBe("no-store");
    });
  },
);
