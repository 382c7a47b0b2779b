import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { SojournError } from "@sojourn/core";
import type { SessionRequest } from "@sojourn/session";
import { nodeRequest, nodeSession } from "@sojourn/session/node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deferred, idle, NONE, ScriptedSessions } from "./scripted.ts";

let sessions: ScriptedSessions;
let server: Http2Server;
let client: ClientHttp2Session;
let handler: (response: Http2ServerResponse, request: SessionRequest) => unknown;
const warnings: Error[] = [];
const remember = (warning: Error) => void warnings.push(warning);

beforeEach(async () => {
  process.on("warning", remember);
  sessions = new ScriptedSessions();
  const node = nodeSession(sessions.asSessions);
  server = createServer(
    node.handle<Http2ServerRequest, Http2ServerResponse>((request, response) =>
      handler(response, nodeRequest(request)),
    ),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  client.destroy();
  server.close();
  process.off("warning", remember);
});

async function get(headers: Record<string, string | string[]> = {}) {
  const stream = client.request({ ":path": "/", ...headers });
  const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
  let body = "";
  for await (const chunk of stream.setEncoding("utf8")) body += chunk;
  return { status: head[":status"], headers: head, body };
}

test("the head waits for the commit and carries the cookie", async () => {
  const commit = deferred<typeof NONE>();
  sessions.answers.push(commit.promise);
  const shown: unknown[] = [];
  handler = (res) => {
    res.setHeader("Set-Cookie", "a=1");
    res.writeHead(201, { "x-a": "1" });
    res.write("bo");
    res.end("dy");
    shown.push(res.headersSent, res.writableEnded);
  };
  const getting = get();
  while (sessions.log.length === 0) await idle(1);
  expect(shown).toEqual([true, true]);
  commit.resolve({ ...NONE, setCookies: ["s=1"] });
  expect(await getting).toMatchObject({
    status: 201,
    body: "body",
    headers: { "x-a": "1", "set-cookie": ["a=1", "s=1"] },
  });
});

test("a failed commit is answered, and nothing warns of HTTP/1 habits", async () => {
  const commit = deferred<typeof NONE>();
  sessions.answers.push(commit.promise);
  handler = (res) => {
    res.setHeader("x-a", "1");
    res.end("made");
    commit.reject(new SojournError("SESSION_ENDED", { why: "test" }));
  };
  const { status, headers, body } = await get();
  expect([status, body]).toEqual([401, '{"error":"SESSION_ENDED"}\n']);
  expect(headers).not.toHaveProperty("x-a");
  await idle();
  expect(warnings).toEqual([]);
});

test("a client that resets its stream breaks nothing", async () => {
  const commit = deferred<typeof NONE>();
  sessions.answers.push(commit.promise);
  const closed = deferred();
  handler = (res) => {
    res.on("close", () => closed.resolve());
    res.write("a");
    res.end();
  };
  const stream = client.request({ ":path": "/" });
  stream.on("error", () => {});
  while (sessions.log.length === 0) await idle(1);
  stream.close(8);
  await closed.promise;
  commit.resolve(NONE);
  await idle();
  handler = (res) => res.end("alive");
  expect(await get()).toMatchObject({ status: 200, body: "alive" });
});

test("a client that resets its stream before the commit fails breaks nothing", async () => {
  const commit = deferred<typeof NONE>();
  sessions.answers.push(commit.promise);
  const closed = deferred();
  handler = (res) => {
    res.on("close", () => closed.resolve());
    res.setHeader("x-a", "1");
    res.end("a");
  };
  const stream = client.request({ ":path": "/" });
  stream.on("error", () => {});
  while (sessions.log.length === 0) await idle(1);
  stream.close(8);
  await closed.promise;
  commit.reject(new SojournError("SESSION_ENDED", { why: "test" }));
  await idle();
  handler = (res) => res.end("alive");
  expect(await get()).toMatchObject({ status: 200, body: "alive" });
});

test("until the commit settles a response says of itself what Node says; hints go ahead, trailers follow", async () => {
  const commit = deferred<typeof NONE>();
  sessions.answers.push(commit.promise);
  const shown: unknown[] = [];
  handler = (res) => {
    res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    shown.push(res.write("a"), res.headersSent, res.finished, res.writableEnded);
    for (const late of [() => res.setHeader("a", "b"), () => res.appendHeader("a", "b"), () => res.writeHead(500)]) {
      try {
        late();
      } catch (error) {
        shown.push((error as { code?: string }).code);
      }
    }
    res.addTrailers({ "x-sum": "1" });
    res.end("b");
    shown.push(res.finished, res.writableEnded);
    commit.resolve({ ...NONE, setCookies: ["s=1"] });
  };
  const stream = client.request({ ":path": "/" });
  const hints: IncomingHttpHeaders[] = [];
  const trailers: IncomingHttpHeaders[] = [];
  stream.on("headers", (head: IncomingHttpHeaders) => hints.push(head));
  stream.on("trailers", (head: IncomingHttpHeaders) => trailers.push(head));
  const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
  let body = "";
  for await (const chunk of stream.setEncoding("utf8")) body += chunk;
  const refused = Array(3).fill("ERR_HTTP2_HEADERS_SENT");
  expect(shown).toEqual([false, true, false, false, ...refused, true, true]);
  expect([head["set-cookie"], body]).toEqual([["s=1"], "ab"]);
  expect(hints.map((hint) => [hint[":status"], hint["set-cookie"]])).toEqual([[103, undefined]]);
  expect(trailers).toMatchObject([{ "x-sum": "1" }]);
  expect(warnings).toEqual([]);
});

test("the request is read alike", async () => {
  const seen: unknown[] = [];
  handler = (res, request) => {
    seen.push(
      request.method,
      request.header("host"),
      request.header("cookie"),
      request.remoteAddress,
      request.encrypted,
    );
    res.end();
  };
  await get({ cookie: ["a=1", "b=2"], ":authority": "shop.test" });
  expect(seen).toEqual(["GET", "shop.test", "a=1; b=2", "127.0.0.1", false]);
});
