import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type AdapterCase, bodyOf, COMMON_ROUTES, turns } from "./adapter-case.ts";

const POST = { method: "POST" } as const;
const PIECE = "x".repeat(65_536);
const PIECES = 32;

/** How bodies leave, and those that must not. */
export const BODY_CASES: readonly AdapterCase[] = [
  {
    name: "a body larger than all buffers waits for the commit and arrives whole, with the cookie",
    routes: {
      "/": (session) => {
        session.increment("visits");
        return {
          body: (async function* () {
            for (let i = 0; i < PIECES; i++) yield PIECE;
          })(),
        };
      },
    },
    async run({ origin, browser, held }) {
      const write = held.hold("write");
      const asking = browser.request(origin, POST);
      await write.arrived;
      await turns();
      write.release();
      const response = await asking;
      strictEqual(response.headers.getSetCookie().length, 1);
      strictEqual((await bodyOf(response)).length, PIECES * PIECE.length);
    },
  },
  {
    name: "a body in pieces is not gathered: each leaves as it comes, as server-sent events must",
    routes: {
      "/": (session) => {
        session.increment("visits");
        const next = createStep();
        steps.push(next.go);
        return {
          headers: [["Content-Type", "text/event-stream"]],
          body: (async function* () {
            yield "data: first\n\n";
            await next.gone;
            yield "data: second\n\n";
          })(),
        };
      },
    },
    async run({ origin, browser }) {
      const response = await browser.request(origin, POST);
      strictEqual(response.headers.getSetCookie().length, 1);
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = await reader?.read();
      strictEqual(first?.value, "data: first\n\n");
      for (const go of steps.splice(0)) go();
      let rest = "";
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) rest += read.value;
      strictEqual(rest, "data: second\n\n");
    },
  },
  {
    name: "an answer without a body has the cookie: 204, and HEAD",
    routes: {
      "/empty": (session) => {
        session.increment("visits");
        return { status: 204 };
      },
      "/visit": (session) => ({ body: String(session.increment("visits")) }),
    },
    async run({ origin, browser }) {
      const empty = await browser.request(`${origin}/empty`, POST);
      deepStrictEqual([empty.status, await bodyOf(empty), empty.headers.getSetCookie().length], [204, "", 1]);
      browser.jar.closeBrowser();
      const head = await browser.request(`${origin}/visit`, { method: "HEAD" });
      deepStrictEqual([head.status, await bodyOf(head), head.headers.getSetCookie().length], [200, "", 1]);
    },
  },
  {
    name: "nothing of a body in pieces is sent when the commit fails",
    routes: {
      ...COMMON_ROUTES,
      "/": (session) => {
        session.set("note", "kept");
        return {
          headers: [["X-Made", "1"]],
          body: (async function* () {
            yield "made ";
            yield "of pieces";
          })(),
        };
      },
    },
    async run({ origin, browser, held }) {
      await bodyOf(browser.request(`${origin}/login`, POST));
      const write = held.hold("write");
      const making = browser.request(origin, POST);
      await write.arrived;
      await turns();
      // The engine asks whether the write was done after all.
      const read = held.hold("read");
      write.fail(new Error("the fixture's store is down"));
      void read.arrived.then(() => read.fail(new Error("the fixture's store is down")));
      const response = await making;
      const body = await bodyOf(response);
      deepStrictEqual([response.status, response.headers.get("X-Made"), body.includes("made")], [503, null, false]);
      strictEqual(await bodyOf(browser.request(`${origin}/who`)), "ann 0");
    },
  },
];

/** Of the responses that wait in the middle; a case waits for its own and lets all go. */
const steps: (() => void)[] = [];

function createStep(): { readonly gone: Promise<void>; readonly go: () => void } {
  let go = () => {};
  const gone = new Promise<void>((resolve) => {
    go = resolve;
  });
  return { gone, go: () => go() };
}
