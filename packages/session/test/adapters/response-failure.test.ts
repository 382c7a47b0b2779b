import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { PassThrough } from "node:stream";
import { SojournError } from "@sojourn/core";
import type { ResponseFields } from "@sojourn/session";
import { nodeSession } from "@sojourn/session/node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deferred, get, idle, NONE, type ScriptedSessions, type Stage, setStage } from "./scripted.ts";

let sessions: ScriptedSessions;
let start: Stage["start"];
let held: Stage["held"];
let strike: Stage["strike"];
beforeEach(() => {
  ({ sessions, start, held, strike } = setStage());
});
afterEach(() => strike());

const COOKIE: ResponseFields = { ...NONE, setCookies: ["s=1"] };
const down = () => new SojournError("SESSION_STORE_DOWN", { operation: "write", reason: "test" });

describe("when the commit fails", () => {
  test("head and body are dropped, the handler's headers removed, earlier ones kept", async () => {
    const commit = held();
    sessions.afterError = { ...NONE, setCookies: ["s=; Max-Age=0"], varyCookie: true };
    const server = await start((res) => {
      res.setHeader("ETag", '"secret"');
      res.setHeader("Set-Cookie", "other=1");
      res.writeHead(201, "Made", { Location: "/made" });
      res.end("made");
      commit.reject(new SojournError("SESSION_ENDED", { why: "test" }));
    });
    const { status, message, headers, body } = await get(server);
    expect([status, message]).toEqual([401, "Unauthorized"]);
    expect(headers).toMatchObject({ "set-cookie": ["s=; Max-Age=0"], vary: "Cookie" });
    expect(headers).not.toHaveProperty("etag");
    expect(headers).not.toHaveProperty("location");
    expect(JSON.parse(body)).toEqual({ error: "SESSION_ENDED" });
    expect(sessions.log).toEqual(["commit", "fieldsAfter", "headersSent"]);
  });

  test("a store that is down is 503 with Retry-After", async () => {
    const commit = held();
    const server = await start((res) => {
      res.end("made");
      commit.reject(down());
    });
    expect(await get(server)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  });

  test.each([
    ["SESSION_CONTENDED", 503, "1"],
    ["SESSION_COMMIT_UNKNOWN", 503, "1"],
    ["SESSION_ENDED", 401, undefined],
  ] as const)("%s is %i, with Retry-After %s", async (code, status, retryAfter) => {
    const commit = held();
    const server = await start((res) => {
      res.end("made");
      commit.reject(new SojournError(code, {} as never));
    });
    const answer = await get(server);
    expect([answer.status, answer.headers["retry-after"], answer.body]).toEqual([
      status,
      retryAfter,
      `{"error":"${code}"}\n`,
    ]);
  });

  test("Retry-After is added to what the application answers, unless it says when itself", async () => {
    const seen: unknown[] = [];
    for (const own of [undefined, "30"]) {
      const commit = held();
      const server = await start(
        (res) => {
          res.end("made");
          commit.reject(down());
        },
        (_error, res) => {
          if (own !== undefined) res.setHeader("Retry-After", own);
          res.end("sorry");
        },
      );
      seen.push((await get(server)).headers["retry-after"]);
    }
    expect(seen).toEqual(["1", "30"]);
  });

  test("the error path sees a response of which nothing has been sent", async () => {
    const commit = held();
    const seen: unknown[] = [];
    const server = await start(
      (res) => {
        res.writeHead(200);
        res.end("made");
        commit.reject(down());
      },
      (error, res) => {
        seen.push((error as SojournError).code, res.headersSent, res.writableEnded, res.statusCode);
        res.setHeader("X-Path", "error").end("sorry");
      },
    );
    expect(await get(server)).toMatchObject({ status: 503, body: "sorry", headers: { "x-path": "error" } });
    expect(seen).toEqual(["SESSION_STORE_DOWN", false, false, 503]);
  });

  test("a failure without waiting drops the call at hand too", async () => {
    sessions.answers.push(down());
    const server = await start((res) => res.end("made"));
    expect(await get(server)).toMatchObject({ status: 503, body: '{"error":"SESSION_STORE_DOWN"}\n' });
  });

  test("an error path that answers later is not overtaken by the call at hand", async () => {
    sessions.answers.push(down());
    const server = await start(
      (res) => res.end("made"),
      (_error, res) => setImmediate(() => res.end("sorry")),
    );
    expect(await get(server)).toMatchObject({ status: 503, body: "sorry" });
  });

  test("a pipe is taken off the response, and a handler that goes on harms nobody", async () => {
    const commit = held();
    const source = new PassThrough();
    let after: unknown;
    const finished = deferred();
    const server = await start(async (res) => {
      source.write("secret");
      source.pipe(res);
      await idle();
      commit.reject(down());
      await once(res, "finish");
      source.write("more");
      after = [res.write("late"), res.end("later") === res];
      finished.resolve();
    });
    expect(await get(server)).toMatchObject({ status: 503, body: '{"error":"SESSION_STORE_DOWN"}\n' });
    await finished.promise;
    expect(after).toEqual([true, true]);
  });

  test("a pipe does not get into the body of a long error answer", async () => {
    const commit = held();
    const source = new PassThrough();
    const server = await start(
      async (res) => {
        source.write("secret");
        source.pipe(res);
        await idle();
        commit.reject(down());
      },
      async (_error, res) => {
        const drained = once(res, "drain");
        expect(res.write("x".repeat(4_000_000))).toBe(false);
        await drained;
        source.write("more secret");
        await idle();
        res.end();
      },
    );
    const { status, body } = await get(server);
    expect([status, body.length, body.includes("secret")]).toEqual([503, 4_000_000, false]);
  });

  test("callbacks of dropped calls get the error", async () => {
    const commit = held();
    const called = deferred<unknown>();
    const server = await start((res) => {
      res.write("a", (error) => called.resolve(error));
      commit.reject(down());
    });
    await get(server);
    expect(await called.promise).toMatchObject({ code: "SESSION_STORE_DOWN" });
  });

  test("what the failed commit left is not tried again", async () => {
    const commit = held();
    const server = await start((res) => {
      res.end("made");
      held().resolve(NONE);
      commit.reject(down());
    });
    await get(server);
    await idle();
    expect(sessions.log.filter((entry) => entry === "commit")).toEqual(["commit"]);
  });
});

describe("after the head has left", () => {
  test("what is recorded is committed at the end, which waits for it", async () => {
    let ended = false;
    const late = deferred<ResponseFields>();
    const server = await start((res) => {
      res.write("a");
      sessions.answers.push(late.promise);
      res.end("b");
      ended = res.writableEnded;
    });
    let arrived = false;
    const getting = get(server).then((received) => {
      arrived = true;
      return received;
    });
    await idle(50);
    expect([arrived, ended]).toEqual([false, true]);
    late.resolve(NONE);
    expect(await getting).toMatchObject({ body: "ab" });
    expect(sessions.log).toEqual(["commit", "headersSent", "commit"]);
  });

  test("its failure changes nothing of the response", async () => {
    const server = await start((res) => {
      res.write("a");
      held().reject(down());
      res.end("b");
    });
    expect(await get(server)).toMatchObject({ status: 200, body: "ab" });
    expect(sessions.log).not.toContain("fieldsAfter");
  });

  test("a bad chunk at the end is refused where it is given, as by Node", async () => {
    const refused: unknown[] = [];
    const server = await start((res) => {
      res.write("a");
      const late = held();
      for (const chunk of [123, {}]) {
        try {
          res.end(chunk);
        } catch (error) {
          refused.push((error as { code?: string }).code);
        }
      }
      late.resolve(NONE);
      res.end("b");
    });
    expect(await get(server)).toMatchObject({ body: "ab" });
    expect(refused).toEqual(["ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_TYPE"]);
  });

  test("an end that fails when it is made at last cuts the response off, and nothing else", async () => {
    const server = createServer((req, res) => {
      res.end = () => {
        throw new RangeError("of other middleware");
      };
      nodeSession(sessions.asSessions).attach(req, res, () => {});
      res.write("a");
      held().resolve(NONE);
      res.end("b");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    await expect(get(server)).rejects.toMatchObject({ code: "ECONNRESET" });
    server.close();
  });

  test("what is recorded after the end is committed when the response closes", async () => {
    const closed = deferred();
    const server = await start((res) => {
      res.on("close", () => closed.resolve());
      res.end("a");
      held().resolve(NONE);
    });
    await get(server);
    await closed.promise;
    expect(sessions.log).toEqual(["commit", "headersSent", "commit"]);
  });
});

describe("a client that disconnects", () => {
  test("does not cancel a commit, and what was held is dropped", async () => {
    const commit = held();
    const called = deferred<unknown>();
    const closed = deferred();
    const server = await start((res) => {
      res.on("close", () => closed.resolve());
      res.write("a", (error) => called.resolve(error));
      res.end();
    });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    while (sessions.log.length === 0) await idle(1);
    socket.destroy();
    await closed.promise;
    commit.resolve(COOKIE);
    expect(await called.promise).toMatchObject({ code: "ERR_STREAM_DESTROYED" });
    expect(sessions.log).toEqual(["commit"]);
  });

  test("and a commit that fails then reaches the error path, for the log", async () => {
    const failed = deferred<unknown>();
    const handling = deferred();
    const server = await start(
      (res) => {
        held().reject(down());
        new PassThrough().pipe(res);
        handling.resolve();
      },
      (error) => failed.resolve(error),
    );
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await handling.promise;
    socket.destroy();
    expect(await failed.promise).toMatchObject({ code: "SESSION_STORE_DOWN" });
  });

  test("leaves nothing uncommitted behind, though its handler never comes to an end", async () => {
    const handling = deferred();
    const closed = deferred();
    const server = await start((res) => {
      res.on("close", () => closed.resolve());
      held().resolve(NONE);
      new PassThrough().pipe(res);
      handling.resolve();
    });
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await handling.promise;
    socket.destroy();
    await closed.promise;
    expect(sessions.log).toEqual(["commit"]);
  });
});
