import { once } from "node:events";
import { join } from "node:path";
import { type Browser, createBrowser } from "@sojourn/session/testing";
import { beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { spawnNode } from "../fixtures/node-process.ts";
import { compileExample, EXAMPLES } from "./compile.ts";

const POST = { method: "POST" } as const;

beforeAll(() => expect(compileExample("websocket-chat")).toBe(""));

/** `ws://127.0.0.1:PORT`, and the same for pages. */
let address: string;
let origin: string;
beforeEach(async () => {
  const script = join(EXAMPLES, "websocket-chat/dist/chat.js");
  address = (await spawnNode(script, { env: { PORT: "0" }, ready: /^ws:/ })).readyLine;
  origin = address.replace("ws:", "http:");
});

async function visitor(user: string): Promise<Browser> {
  const browser = createBrowser();
  expect((await browser.request(`${origin}/login?user=${user}`, POST)).status).toBe(200);
  return browser;
}

function dial(browser: Browser, page = origin): WebSocket {
  const Cookie = browser.jar.header(new URL(origin));
  const socket = new WebSocket(address, { headers: { Origin: page, ...(Cookie === undefined ? {} : { Cookie }) } });
  onTestFinished(() => socket.terminate());
  return socket;
}

async function refusal(socket: WebSocket): Promise<string> {
  const [error] = (await once(socket, "error")) as [Error];
  return error.message;
}

test("examples/websocket-chat: each speaks under the name of their session", async () => {
  const visitors = [await visitor("ann"), await visitor("bob")] as const;
  const [ann, bob] = [dial(visitors[0]), dial(visitors[1])];
  await Promise.all([once(ann, "open"), once(bob, "open")]);
  const heard = Promise.all([once(ann, "message"), once(bob, "message")]);
  ann.send("hello");
  expect((await heard).map(([text]) => String(text))).toEqual(["ann: hello", "ann: hello"]);
});

test("examples/websocket-chat: a logout closes the live sockets of that session, and no others", async () => {
  const [ann, bob] = [await visitor("ann"), await visitor("bob")];
  const [hers, hersToo, his] = [dial(ann), dial(ann), dial(bob)];
  await Promise.all([hers, hersToo, his].map((socket) => once(socket, "open")));
  const closed = Promise.all([once(hers, "close"), once(hersToo, "close")]);
  await ann.request(`${origin}/logout`, POST);
  expect((await closed).map(([code, reason]) => [code, String(reason)])).toEqual([
    [4401, "the session has ended"],
    [4401, "the session has ended"],
  ]);
  const heard = once(his, "message");
  his.send("alone");
  expect(String((await heard)[0])).toBe("bob: alone");
});

test("examples/websocket-chat: strangers are 401, and pages of other sites 403 with the user's own cookie", async () => {
  expect(await refusal(dial(createBrowser()))).toBe("Unexpected server response: 401");
  const ann = await visitor("ann");
  expect(await refusal(dial(ann, "https://evil.test"))).toBe("Unexpected server response: 403");
  await once(dial(ann), "open");
});
