import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ResponseFields } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { deferred, get, idle, NONE, type ScriptedSessions, type Stage, setStage } from "./scripted.ts";

let sessions: ScriptedSessions;
let start: Stage["start"];
let held: Stage["held"];
let strike: Stage["strike"];
const rejections: unknown[] = [];
const remember = (reason: unknown) => void rejections.push(reason);
beforeEach(() => {
  ({ sessions, start, held, strike } = setStage());
  rejections.length = 0;
  process.on("unhandledRejection", remember);
});
afterEach(async () => {
  strike();
  await idle(1);
  process.off("unhandledRejection", remember);
  expect(rejections).toEqual([]);
});

const COOKIE: ResponseFields = { ...NONE, setCookies: ["s=1"] };
const portOf = (server: Server) => (server.address() as AddressInfo).port;

function dial(server: Server, text: string): Socket {
  const socket = connect(portOf(server), "127.0.0.1");
  socket.on("error", () => {});
  socket.setEncoding("latin1").write(text);
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function until(socket: Socket, wanted: RegExp): Promise<string> {
  let all = "";
  socket.on("data", (text: string) => {
    all += text;
  });
  while (!wanted.test(all)) await once(socket, "data");
  return all;
}

/** A server whose middleware had the response before the adapter. */
async function behind(before: (response: ServerResponse) => void, handler: (response: ServerResponse) => void) {
  const node = nodeSession(sessions.asSessions);
  const server = createServer(async (req, res) => {
    before(res);
    await node.attach(req, res, () => res.end("sorry"));
    handler(res);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => server.close().closeAllConnections());
  return server;
}

describe("what belongs to the application", () => {
  const OWN = ["a=1"];

  test.each<[string, (res: ServerResponse) => unknown]>([
    ["setHeader", (res) => res.setHeader("Set-Cookie", OWN).end()],
    ["writeHead", (res) => res.writeHead(200, { "Set-Cookie": OWN }).end()],
  ])(
    "an array of cookies that every response is given by %s never gets one client's session",
    async (_name, answer) => {
      sessions.answers = [COOKIE];
      expect((await get(await start(answer))).headers["set-cookie"]).toEqual(["a=1", "s=1"]);
      expect(OWN).toEqual(["a=1"]);
    },
  );

  test("what the handler appends to an earlier array goes with a failed commit", async () => {
    const commit = held();
    const server = await behind(
      (res) => void res.setHeader("Set-Cookie", ["early=1"]),
      (res) => {
        res.appendHeader("Set-Cookie", "handler=1");
        res.end("x");
        commit.reject(new Error("by the test"));
      },
    );
    expect(await get(server)).toMatchObject({ body: "sorry", headers: { "set-cookie": ["early=1"] } });
  });
});

describe("while the head is held", () => {
  test("the response says of itself what Node says after end", async () => {
    const commit = held();
    const seen: unknown[] = [];
    const say = (res: ServerResponse) =>
      seen.push([res.headersSent, res.writableEnded, res.finished, res.writableFinished, res.writableNeedDrain]);
    const server = await start((res) => {
      say(res);
      res.write("a");
      say(res);
      res.end("b");
      say(res);
      commit.resolve(COOKIE);
    });
    expect(await get(server)).toMatchObject({ body: "ab" });
    expect(seen).toEqual([
      [false, false, false, false, false],
      [true, false, false, false, true],
      [true, true, true, false, false],
    ]);
  });

  test.each(["before", "after"])(
    "middleware that sends the head by _implicitHeader works, mounted %s",
    async (place) => {
      // compression to 1.7 and express-session do it in this way.
      const wrap = (res: ServerResponse) => {
        const inner = res as unknown as Record<"write" | "end", (...args: unknown[]) => unknown>;
        for (const name of ["write", "end"] as const) {
          const next = inner[name];
          inner[name] = function (this: { _header?: unknown; _implicitHeader(): void }, ...args) {
            if (!this._header) this._implicitHeader();
            return next.apply(this, args);
          };
        }
      };
      const commit = held();
      const server = await behind(place === "before" ? wrap : () => {}, (res) => {
        if (place === "after") wrap(res);
        res.write("a");
        res.write("b");
        res.end("c");
        commit.resolve(COOKIE);
      });
      expect(await get(server)).toMatchObject({ status: 200, body: "abc", headers: { "set-cookie": ["s=1"] } });
    },
  );

  test("pipelined requests are answered in their order, each with its own cookie", async () => {
    const first = held();
    const second = held();
    const server = await start((res, req) => res.end(`<${req.url}>`));
    const socket = dial(server, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    const answers = until(socket, /<\/2>/);
    while (sessions.log.length < 2) await idle(1);
    second.resolve({ ...NONE, setCookies: ["s=2"] });
    await idle();
    first.resolve(COOKIE);
    expect((await answers).match(/s=\d|<\/\d>/g)).toEqual(["s=1", "</1>", "s=2", "</2>"]);
  });

  test("a pipelined response that ended before its turn is sent when the commit settles", async () => {
    const first = held();
    const second = held();
    const server = await start((res, req) => res.end(`<${req.url}>`));
    const socket = dial(server, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    const answers = until(socket, /<\/2>/);
    while (sessions.log.length < 2) await idle(1);
    first.resolve(COOKIE);
    await idle(50);
    second.resolve({ ...NONE, setCookies: ["s=2"] });
    expect((await answers).match(/s=\d|<\/\d>/g)).toEqual(["s=1", "</1>", "s=2", "</2>"]);
  });

  test("interim responses go ahead, and no cookie is in any of them", async () => {
    const commit = held();
    const server = await start((res) => {
      res.writeContinue();
      res.end("late");
      res.writeProcessing();
      res.writeEarlyHints({ link: "</a.css>; rel=preload" });
    });
    const socket = dial(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    const early = await until(socket, /103 Early Hints\r\n[\s\S]*\r\n\r\n/);
    expect(early.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 100", "HTTP/1.1 102", "HTTP/1.1 103"]);
    expect(early).not.toMatch(/set-cookie/i);
    const rest = until(socket, /late/);
    commit.resolve(COOKIE);
    expect(await rest).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*Set-Cookie: s=1\r\n/i);
  });

  test("trailers follow the body", async () => {
    const commit = held();
    const server = await start((res) => {
      res.setHeader("Trailer", "X-Sum");
      res.write("a");
      res.addTrailers({ "X-Sum": "1" });
      res.end();
      commit.resolve(COOKIE);
    });
    expect(await trailersOf(server)).toEqual({ "x-sum": "1" });
  });

  test("a large body waits for the socket as without an adapter", async () => {
    const commit = held();
    let drains = 0;
    const server = await start(async (res) => {
      res.on("drain", () => drains++);
      const done = pipeline(Readable.from(Array(64).fill(Buffer.alloc(65_536, "x"))), res);
      commit.resolve(COOKIE);
      await done;
    });
    expect((await get(server)).body.length).toBe(64 * 65_536);
    expect(drains).toBeGreaterThan(0);
  });

  test("drain comes once, when the socket has room, and never after the end", async () => {
    const counts: number[] = [];
    for (const body of ["x".repeat(4_000_000), "small", undefined]) {
      const commit = held();
      let drains = 0;
      const server = await start(async (res) => {
        res.on("drain", () => drains++);
        res.write(body ?? "a");
        if (body === undefined) res.end();
        commit.resolve(COOKIE);
        if (body === undefined) return;
        await once(res, "drain");
        await idle(50);
        res.end();
      });
      await get(server);
      counts.push(drains);
    }
    expect(counts).toEqual([1, 1, 0]);
  });

  test("what was recorded up to the end is committed before the end, however often the head was held for it", async () => {
    const last = deferred<ResponseFields>();
    const server = await start((res) => {
      for (let i = 0; i < 8; i++) held().resolve(NONE);
      sessions.answers.push(last.promise);
      res.write("a");
      res.end("b");
    });
    let arrived = false;
    const getting = get(server).then((received) => {
      arrived = true;
      return received;
    });
    while (sessions.log.length < 10) await idle(1);
    await idle(50);
    expect(arrived).toBe(false);
    last.resolve(NONE);
    expect(await getting).toMatchObject({ status: 200, body: "ab" });
  });

  test("a source that fails takes its response along, and the commit goes on", async () => {
    const commit = held();
    const server = await start(async (res) => {
      const source = new Readable({ read() {} });
      const done = pipeline(source, res).catch(() => {});
      source.push("a");
      await idle();
      source.destroy(new Error("of the source"));
      await done;
      commit.resolve(COOKIE);
    });
    await expect(get(server)).rejects.toMatchObject({ code: "ECONNRESET" });
    await idle();
    expect(sessions.log.filter((entry) => entry === "commit")).toEqual(["commit"]);
  });

  test("a response that its handler destroys stays destroyed, whatever becomes of the commit", async () => {
    for (const settle of ["resolve", "reject"] as const) {
      const commit = held();
      const server = await start((res) => {
        res.end("a");
        res.destroy();
        if (settle === "resolve") commit.resolve(COOKIE);
        else commit.reject(new Error("by the test"));
      });
      await expect(get(server)).rejects.toMatchObject({ code: "ECONNRESET" });
    }
  });

  test("what is recorded after the client has gone is committed as well", async () => {
    const first = deferred<ResponseFields>();
    const closed = deferred();
    const server = await start((res) => {
      res.on("close", () => closed.resolve());
      res.write("a");
      sessions.answers.push(first.promise);
      res.end();
    });
    const socket = dial(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while (sessions.log.length < 3) await idle(1);
    socket.destroy();
    await closed.promise;
    held().resolve(NONE);
    first.resolve(NONE);
    await idle();
    expect(sessions.log).toEqual(["commit", "headersSent", "commit", "commit"]);
  });
});

describe("methods and statuses without a body", () => {
  test.each([
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ])("%s %i has the cookie and no body", async (method, status) => {
    const commit = held();
    const server = await start((res) => {
      res.statusCode = status;
      res.end(status === 200 ? "body" : undefined);
      commit.resolve(COOKIE);
    });
    const sent = request({ host: "127.0.0.1", port: portOf(server), method, agent: false }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    let body = "";
    for await (const chunk of response) body += chunk;
    expect([response.statusCode, response.headers["set-cookie"], body]).toEqual([status, ["s=1"], ""]);
  });
});

describe("after a failed commit", () => {
  test("no trailer of the handler's is left", async () => {
    const commit = held();
    const server = await start(
      (res) => {
        res.write("a");
        res.addTrailers({ "X-Sum": "secret" });
        res.end();
        commit.reject(new Error("by the test"));
      },
      (_error, res) => {
        res.write("sor");
        res.end("ry");
      },
    );
    expect(await trailersOf(server)).toEqual({});
  });

  test("an error path that fails is answered for, and throws at nobody", async () => {
    const logged: unknown[] = [];
    const { error } = console;
    console.error = (...words: unknown[]) => void logged.push(...words);
    onTestFinished(() => {
      console.error = error;
    });
    const fail = () => {
      throw new RangeError("secret of the error path");
    };
    const seen: unknown[] = [];
    seen.push((await get(await start(fail, fail))).status);
    sessions.answers = [new Error("by the test")];
    seen.push((await get(await start((res) => res.end("a"), fail))).status);
    expect(seen).toEqual([500, 500]);
    expect(logged).toEqual(Array(2).fill(expect.stringMatching(/^a request handler failed error=RangeError at=/)));
  });

  test("an error path that fails after the client has gone throws at nobody", async () => {
    const told = deferred();
    const handling = deferred();
    const node = nodeSession(sessions.asSessions);
    const server = createServer(async (req, res) => {
      await node.attach(req, res, () => {
        told.resolve();
        throw new Error("of the error path");
      });
      held().reject(new Error("by the test"));
      handling.resolve();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => server.close().closeAllConnections());
    const socket = dial(server, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await handling.promise;
    socket.destroy();
    await told.promise;
    await idle();
  });

  test("a head that was sent past the adapter cuts the response off", async () => {
    const commit = held();
    let own: ServerResponse["writeHead"] | undefined;
    const server = await behind(
      (res) => {
        own = res.writeHead;
      },
      (res) => {
        res.setHeader("X-A", "1");
        own?.call(res, 200, { "Content-Length": "9" });
        res.end("made");
        commit.reject(new Error("by the test"));
      },
    );
    await expect(get(server)).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

async function trailersOf(server: Server): Promise<IncomingMessage["trailers"]> {
  const sent = request({ host: "127.0.0.1", port: portOf(server), agent: false }).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  return response.trailers;
}
