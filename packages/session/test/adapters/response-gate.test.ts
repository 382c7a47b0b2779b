import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ResponseFields } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { get, type Handler, idle, NONE, type ScriptedSessions, type Stage, setStage } from "./scripted.ts";

let sessions: ScriptedSessions;
let start: Stage["start"];
let held: Stage["held"];
let strike: Stage["strike"];
beforeEach(() => {
  ({ sessions, start, held, strike } = setStage());
});
afterEach(() => strike());

const COOKIE: ResponseFields = { ...NONE, setCookies: ["s=1"] };

describe("with nothing to commit", () => {
  test("the head leaves in the same turn", async () => {
    let sentAtOnce = false;
    const server = await start((res) => {
      res.write("a");
      sentAtOnce = res.headersSent;
      res.end("b");
    });
    expect(await get(server)).toMatchObject({ status: 200, body: "ab" });
    expect(sentAtOnce).toBe(true);
    expect(sessions.log).toEqual(["commit", "headersSent"]);
  });

  test("the length is known as without an adapter", async () => {
    const server = await start((res) => res.end("abc"));
    expect((await get(server)).headers).toMatchObject({ "content-length": "3" });
  });

  test("late calls meet Node's own errors", async () => {
    const codes: unknown[] = [];
    const server = await start((res) => {
      res.writeHead(200);
      for (const late of [() => res.setHeader("a", "b"), () => res.writeHead(500)]) codes.push(codeOf(late));
      res.end();
    });
    await get(server);
    expect(codes).toEqual(["ERR_HTTP_HEADERS_SENT", "ERR_HTTP_HEADERS_SENT"]);
  });
});

describe("until the commit settles", () => {
  const heads: Record<string, (res: ServerResponse) => void> = {
    writeHead: (res) => res.writeHead(201, "Made", { "X-A": "1" }).end("body"),
    write: (res) => {
      res.statusCode = 201;
      res.statusMessage = "Made";
      res.setHeader("X-A", "1");
      res.write("bo");
      res.end("dy");
    },
    end: (res) => {
      res.statusCode = 201;
      res.statusMessage = "Made";
      res.setHeader("X-A", "1");
      res.end("body");
    },
    flushHeaders: (res) => {
      res.statusCode = 201;
      res.statusMessage = "Made";
      res.setHeader("X-A", "1");
      res.flushHeaders();
      res.end("body");
    },
  };

  test.each(Object.keys(heads))("%s is held back, and then sent with the cookie", async (name) => {
    const commit = held();
    const shown: unknown[] = [];
    const server = await start((res) => {
      heads[name]?.(res);
      shown.push(res.headersSent, res.writableEnded, res.writableFinished);
    });
    let arrived = false;
    const getting = get(server).then((received) => {
      arrived = true;
      return received;
    });
    await idle(50);
    expect(arrived).toBe(false);
    expect(shown).toEqual([true, true, false]);
    commit.resolve(COOKIE);
    expect(await getting).toMatchObject({
      status: 201,
      message: "Made",
      body: "body",
      headers: { "x-a": "1", "set-cookie": ["s=1"] },
    });
    expect(sessions.log).toEqual(["commit", "headersSent"]);
  });

  test("a late change of head meets Node's error or has no effect", async () => {
    const commit = held();
    const codes: unknown[] = [];
    const server = await start((res) => {
      res.setHeader("X-A", "1");
      res.write("a");
      res.statusCode = 500;
      res.statusMessage = "Oh";
      for (const late of [
        () => res.setHeader("X-A", "2"),
        () => res.setHeaders(new Map([["X-A", "2"]])),
        () => res.appendHeader("X-A", "2"),
        () => res.removeHeader("X-A"),
        () => res.writeHead(500),
      ]) {
        codes.push(codeOf(late));
      }
      expect(res.getHeader("X-A")).toBe("1");
      res.end();
      commit.resolve(NONE);
    });
    expect(await get(server)).toMatchObject({ status: 200, message: "OK", headers: { "x-a": "1" } });
    expect(codes).toEqual(Array(5).fill("ERR_HTTP_HEADERS_SENT"));
  });

  test("a bad status, header or chunk is refused where it is given", async () => {
    const commit = held();
    const codes: unknown[] = [];
    const server = await start((res) => {
      codes.push(codeOf(() => res.writeHead(99)));
      codes.push(codeOf(() => res.writeHead(200, { "X-A": "a\nb" })));
      codes.push(codeOf(() => res.write(null)));
      codes.push(codeOf(() => res.write(5 as unknown as string)));
      res.end("ok");
      commit.resolve(NONE);
    });
    expect(await get(server)).toMatchObject({ status: 200, body: "ok" });
    expect(codes).toEqual([
      "ERR_HTTP_INVALID_STATUS_CODE",
      "ERR_INVALID_CHAR",
      "ERR_STREAM_NULL_VALUES",
      "ERR_INVALID_ARG_TYPE",
    ]);
  });

  test("write returns false and drain follows", async () => {
    const commit = held();
    const seen: unknown[] = [];
    const server = await start(async (res) => {
      seen.push(res.write("a"), res.writableNeedDrain);
      const drained = once(res, "drain");
      commit.resolve(NONE);
      await drained;
      seen.push(res.writableNeedDrain, res.write("b"));
      res.end();
    });
    expect(await get(server)).toMatchObject({ body: "ab" });
    expect(seen).toEqual([false, true, false, true]);
  });

  test("callbacks of held calls are called in order", async () => {
    const commit = held();
    const order: string[] = [];
    const server = await start((res) => {
      res.write("a", () => order.push("a"));
      res.write(Buffer.from("b"), () => order.push("b"));
      res.end("c", () => order.push("end"));
      commit.resolve(NONE);
    });
    expect(await get(server)).toMatchObject({ body: "abc" });
    expect(order).toEqual(["a", "b", "end"]);
  });

  test("a pipe pauses its source and loses nothing", async () => {
    const commit = held();
    let produced = 0;
    const source = new Readable({
      highWaterMark: 1024,
      read() {
        produced += 1;
        this.push(produced > 500 ? null : Buffer.alloc(1024, produced % 251));
      },
    });
    const server = await start((res) => void source.pipe(res));
    const getting = get(server);
    await idle(50);
    expect(produced).toBeLessThan(10);
    commit.resolve(COOKIE);
    const { body, headers } = await getting;
    expect(Buffer.byteLength(body, "utf8")).toBeGreaterThanOrEqual(500 * 1024);
    expect(headers["set-cookie"]).toEqual(["s=1"]);
  });

  test("pipeline finishes", async () => {
    const commit = held();
    const server = await start(async (res) => {
      const done = pipeline(Readable.from(["a", "b", "c"]), res);
      commit.resolve(NONE);
      await done;
    });
    expect(await get(server)).toMatchObject({ body: "abc" });
  });

  test("a 1xx response goes ahead of the held head", async () => {
    const commit = held();
    const server = await start((res) => {
      res.end("late");
      res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.setEncoding("latin1").write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    const [first] = (await once(socket, "data")) as [string];
    expect(first).toMatch(/^HTTP\/1\.1 103 Early Hints\r\n/);
    expect(first).not.toContain("200");
    commit.resolve(NONE);
    const [second] = (await once(socket, "data")) as [string];
    expect(second).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.destroy();
  });

  test("what is recorded meanwhile is committed before the head leaves", async () => {
    const first = held();
    const server = await start((res) => {
      res.write("a");
      const second = held();
      first.resolve({ ...NONE, varyCookie: true });
      second.resolve(COOKIE);
      res.end();
    });
    expect((await get(server)).headers).toMatchObject({ "set-cookie": ["s=1"], vary: "Cookie" });
    expect(sessions.log).toEqual(["commit", "commit", "headersSent"]);
  });

  test("a handler that never stops recording does not hold the head for ever, and its calls keep their order", async () => {
    const codes: unknown[] = [];
    const server = await start((res) => {
      for (let i = 0; i < 12; i++) held().resolve(NONE);
      res.on("error", (error: NodeJS.ErrnoException) => codes.push(error.code));
      res.end("a");
      res.write("after the end");
    });
    expect(await get(server)).toMatchObject({ status: 200, body: "a" });
    expect(codes).toEqual(["ERR_STREAM_WRITE_AFTER_END"]);
    expect(sessions.log.slice(0, 10)).toEqual([...Array(8).fill("commit"), "headersSent", "commit"]);
  });

  test("methods that other middleware had put on the response are there again afterwards", async () => {
    const commit = held();
    const seen: unknown[] = [];
    const server = await start(async (res) => {
      const own = function (this: ServerResponse, ...args: unknown[]) {
        return (Object.getPrototypeOf(this).setHeader as (...all: unknown[]) => ServerResponse).apply(this, args);
      } as ServerResponse["setHeader"];
      res.setHeader = own;
      res.end("a");
      seen.push(res.setHeader === own);
      commit.resolve(NONE);
      await idle();
      seen.push(res.setHeader === own, Object.hasOwn(res, "removeHeader"));
    });
    await get(server);
    await idle();
    expect(seen).toEqual([false, true, false]);
  });

  test("listeners of on-headers kind may still set headers when the head leaves", async () => {
    const commit = held();
    const server = await start((res) => {
      const inner = res.writeHead;
      res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
        this.setHeader("X-Late", "1");
        return (inner as (...all: unknown[]) => ServerResponse).apply(this, args);
      } as ServerResponse["writeHead"];
      res.end("a");
      commit.resolve(COOKIE);
    });
    expect((await get(server)).headers).toMatchObject({ "x-late": "1", "set-cookie": ["s=1"] });
  });
});

describe("headers", () => {
  test("the handler's Set-Cookie stays, however it is given", async () => {
    const ways: Handler[] = [
      (res) => res.setHeader("Set-Cookie", "a=1").end(),
      (res) => res.setHeader("Set-Cookie", ["a=1", "b=2"]).end(),
      (res) => res.writeHead(200, { "Set-Cookie": "a=1" }).end(),
      (res) => res.writeHead(200, { "set-cookie": ["a=1", "b=2"] }).end(),
      (res) => res.writeHead(200, ["Set-Cookie", "a=1", "Set-Cookie", "b=2"]).end(),
      (res) => res.writeHead(200, "OK", [["Set-Cookie", "a=1"]] as unknown as string[]).end(),
    ];
    const seen: unknown[] = [];
    for (const way of ways) {
      sessions.answers = [COOKIE];
      seen.push((await get(await start(way))).headers["set-cookie"]);
    }
    const [one, two] = [
      ["a=1", "s=1"],
      ["a=1", "b=2", "s=1"],
    ];
    expect(seen).toEqual([one, two, one, two, two, one]);
  });

  test("headers in an array replace those set before, as in Node", async () => {
    const server = await start((res) => {
      res.setHeader("X-A", "0");
      res.writeHead(200, ["X-A", "1", "X-A", "2"]).end();
    });
    expect((await get(server)).headers["x-a"]).toBe("1, 2");
  });

  test("a head that Node refuses leaves the response to the handler, and the cookie with it", async () => {
    const codes: unknown[] = [];
    const bad: Handler[] = [
      (res) => res.writeHead(200, { "X-A": "a\nb" }),
      (res) => res.writeHead(200, { "X A": "1" }),
      (res) => res.writeHead(200, { "X-A": undefined }),
      (res) => res.writeHead(99, { "X-A": "1" }),
    ];
    for (const refused of bad) {
      sessions.answers = [COOKIE];
      const server = await start((res, req) => {
        codes.push(codeOf(() => refused(res, req)));
        res.writeHead(500, { "X-B": "1" }).end();
      });
      expect(await get(server)).toMatchObject({ status: 500, headers: { "x-b": "1", "set-cookie": ["s=1"] } });
    }
    expect(codes).toEqual([
      "ERR_INVALID_CHAR",
      "ERR_INVALID_HTTP_TOKEN",
      "ERR_HTTP_INVALID_HEADER_VALUE",
      "ERR_HTTP_INVALID_STATUS_CODE",
    ]);
  });

  test("the object given to writeHead stays as it is", async () => {
    sessions.answers = [{ ...COOKIE, varyCookie: true }];
    const shared = Object.freeze({ "X-A": "1", Vary: "Accept" });
    const server = await start((res) => res.writeHead(200, "Fine", shared).end());
    expect(await get(server)).toMatchObject({
      message: "Fine",
      headers: { "x-a": "1", vary: "Accept, Cookie", "set-cookie": ["s=1"] },
    });
    expect(shared).toEqual({ "X-A": "1", Vary: "Accept" });
  });

  test("middleware that stood in for writeHead before finds the headers on the response", async () => {
    sessions.answers = [COOKIE];
    const seen: unknown[] = [];
    const listener = nodeSession(sessions.asSessions).handle(
      (_req, res) => void res.writeHead(200, { "X-A": "1" }).end(),
    );
    const server = createServer((req, res) => {
      const inner = res.writeHead;
      res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
        seen.push(args, this.getHeader("X-A"));
        return (inner as (...all: unknown[]) => ServerResponse).apply(this, args);
      } as ServerResponse["writeHead"];
      listener(req, res);
    }).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    expect((await get(server)).headers).toMatchObject({ "x-a": "1", "set-cookie": ["s=1"] });
    expect(seen).toEqual([[200], "1"]);
  });

  test("caching and Vary are completed, also in the arguments of writeHead", async () => {
    sessions.answers = [{ ...COOKIE, varyCookie: true, affinityEnd: true }];
    const server = await start((res) =>
      res.writeHead(200, { "cache-control": "public, max-age=60", vary: "Accept" }).end(),
    );
    expect((await get(server)).headers).toMatchObject({
      "cache-control": "private, max-age=60",
      vary: "Accept, Cookie",
      "sojourn-affinity": "end",
    });
  });
});

function codeOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return "nothing thrown";
}
