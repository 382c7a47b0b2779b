import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SojournError } from "@sojourn/core";
import { createSessions, type Session } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { expect, onTestFinished, test } from "vitest";

interface Data {
  a: number;
  n: number;
}

/** A store that refuses to write from the moment it is told to. */
function breakable() {
  const store = memoryStore();
  const state = { down: false };
  const write: typeof store.write = (...args) =>
    // Certainly not done: nothing is asked again, and no time passes.
    state.down ? Promise.reject(new SojournError("STORE_CLOSED", { store: "test" })) : store.write(...args);
  return { state, store: { ...store, write } };
}

type Handler = (
  req: IncomingMessage,
  res: ServerResponse,
  session: Session<Data>,
  state: { down: boolean },
) => Promise<void> | void;

/** @returns what the server answers to one request, and who is logged in by its cookie */
async function answered(handler: Handler) {
  const { state, store } = breakable();
  const sessions = createSessions<Data>({ store, env: {}, cookie: { insecureLoopback: true }, csrf: "off" });
  const server = createServer(
    nodeSession(sessions).handle((req: IncomingMessage, res: ServerResponse, session) =>
      handler(req, res, session, state),
    ),
  ).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const asking = request(origin);
  asking.end();
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  let body = "";
  for await (const chunk of response.setEncoding("utf8")) body += chunk;
  const cookies = response.headers["set-cookie"] ?? [];
  const Cookie = cookies[0]?.split(";")[0] ?? "";
  const { userId } = await sessions.load(new Request(origin, { headers: { Cookie } }));
  return { status: response.statusCode, message: response.statusMessage, body, cookies: cookies.length, userId };
}

test("a login that resolved is told of, though a commit fails after a head that Node refused", async () => {
  const answer = await answered(async (_req, res, session, state) => {
    await session.login("ann");
    expect(() => res.writeHead(200, { "X-Bad": "a\nb" })).toThrow();
    state.down = true;
    session.set("a", 1);
    res.end("ok");
  });
  expect(answer).toMatchObject({ status: 503, cookies: 1, userId: "ann" });
});

test("a login that resolved is told of, though what was recorded while the head waited fails", async () => {
  const answer = await answered(async (_req, res, session, state) => {
    await session.login("ann");
    session.set("a", 1);
    res.end("ok");
    let runs = 0;
    session.update("n", () => {
      if (++runs > 1) throw new Error("the second time");
      state.down = true;
      return 1;
    });
    state.down = false;
  });
  expect(answer).toMatchObject({ status: 500, cookies: 1, userId: "ann" });
});

test("an error's answer is framed as it says, after a head that Node refused", async () => {
  for (const headers of [
    { "Transfer-Encoding": "chunked", "X-Name": "☃" },
    { "transfer-encoding": "chunked", "X-Name": "☃" },
  ]) {
    const answer = await answered((_req, res) => void res.writeHead(200, headers));
    expect(answer).toMatchObject({ status: 500, message: "Internal Server Error" });
    expect(JSON.parse(answer.body)).toHaveProperty("error");
  }
  const answer = await answered((_req, res) => void res.writeHead(204, "Gone quietly", { "X-Name": "☃" }));
  expect(answer).toMatchObject({ status: 500, message: "Internal Server Error" });
  expect(JSON.parse(answer.body)).toHaveProperty("error");
});

test("a handler that fails after its last word has answered, and its cookie with it", async () => {
  const answer = await answered(async (_req, res, session) => {
    session.set("a", 1);
    res.end("done");
    throw new Error("too late");
  });
  expect(answer).toMatchObject({ status: 200, body: "done", cookies: 1 });
});

test("an onError that rejects leaves the answer to us", async () => {
  const sessions = createSessions<Data>({ store: memoryStore(), env: {}, cookie: { insecureLoopback: true } });
  const handle = nodeSession(sessions).handle(
    () => Promise.reject(new Error("the handler's")),
    async () => Promise.reject(new Error("its own")),
  );
  const server = createServer(handle).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  expect([response.status, await response.text()]).toEqual([500, expect.stringContaining("error")]);
});
