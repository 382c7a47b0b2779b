import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { createSessions } from "@sojourn/session";
import { nodeRequest, nodeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { adapterSuite } from "@sojourn/session/testing";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { onNode } from "./fixture-servers.ts";

adapterSuite("node", onNode, { test });

/** What the default error path logs. */
const logged = vi.spyOn(console, "error").mockImplementation(() => {});
beforeEach(() => void logged.mockClear());

describe("a cookie of 64 KB", () => {
  const huge = `__Host-session=${"A".repeat(65_536)}`;

  test("is no session in the library", async () => {
    const sessions = createSessions({ store: memoryStore(), env: {} });
    const session = await sessions.load(
      nodeRequest({ method: "GET", headers: { cookie: huge }, socket: { remoteAddress: "127.0.0.1" } }),
    );
    expect([session.isNew, session.userId]).toEqual([true, undefined]);
  });

  test("is 431 over HTTP, by Node itself", async () => {
    const handler = vi.fn();
    const node = nodeSession(createSessions({ store: memoryStore(), env: {} }));
    const server = createServer(node.handle<IncomingMessage, ServerResponse>(handler));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.on("error", () => {}); // Node closes while it is still being sent to
    socket.setEncoding("latin1").write(`GET / HTTP/1.1\r\nHost: a\r\nCookie: ${huge}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [string];
    expect(answer).toMatch(/^HTTP\/1\.1 431 /);
    expect(handler).not.toHaveBeenCalled();
    socket.destroy();
    server.close().closeAllConnections();
  });
});

test("a request is read without a copy: joined headers, method, peer", () => {
  const request = nodeRequest({
    headers: { "x-a": ["1", "2"], host: "a", ":authority": "b" },
    socket: { remoteAddress: "10.0.0.1", encrypted: true },
  });
  expect([request.method, request.header("x-a"), request.header("host"), request.header("none")]).toEqual([
    "GET",
    "1, 2",
    "a",
    undefined,
  ]);
  expect([request.remoteAddress, request.encrypted]).toEqual(["10.0.0.1", true]);
});

test("the peer is still known when the client has disconnected, so that no diagnostic misleads", () => {
  const socket: { remoteAddress: string | undefined } = { remoteAddress: "10.0.0.1" };
  const request = nodeRequest({ headers: {}, socket });
  socket.remoteAddress = undefined; // as Node does
  expect(request.remoteAddress).toBe("10.0.0.1");
});

test("a response whose head had left before the adapter came goes on without a cookie", async () => {
  const node = nodeSession(createSessions<{ note: string }>({ store: memoryStore(), env: {} }));
  const codes: unknown[] = [];
  const server = createServer(async (request, response) => {
    response.write("a");
    const session = await node.attach(request, response, (error) => codes.push(error));
    try {
      session.set("note", "x");
    } catch (error) {
      codes.push((error as { code?: string }).code);
    }
    response.end("b");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await response.text()).toBe("ab");
  expect(codes).toEqual(["SESSION_HEADERS_SENT"]);
  server.close().closeAllConnections();
});

test("an error that is not ours is logged by name, and answered and logged without its message", async () => {
  const node = nodeSession(createSessions({ store: memoryStore(), env: {} }));
  const server = createServer(
    node.handle<IncomingMessage, ServerResponse>(() => {
      throw new RangeError("secret words");
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect([response.status, await response.json()]).toEqual([500, { error: "INTERNAL_ERROR" }]);
  expect(logged.mock.calls).toEqual([
    [expect.stringMatching(/^a request handler failed error=RangeError at=.*node\.test\.ts/)],
  ]);
  expect(String(logged.mock.calls)).not.toContain("secret");
  server.close().closeAllConnections();
});
