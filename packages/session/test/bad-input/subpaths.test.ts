import { readFileSync } from "node:fs";
import { createSessions } from "@sojourn/session";
import { auditFile } from "@sojourn/session/audit";
import { headerToken } from "@sojourn/session/carriers/header";
import { jsonWebToken } from "@sojourn/session/carriers/jwt";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { expressSession } from "@sojourn/session/express";
import { fromExpressStore, toExpressStore } from "@sojourn/session/express-store";
import { fastifySession } from "@sojourn/session/fastify";
import { commitTo, withSession } from "@sojourn/session/fetch";
import { honoSession } from "@sojourn/session/hono";
import { koaSession } from "@sojourn/session/koa";
import { nodeRequest, nodeSession, upgradeSession } from "@sojourn/session/node";
import { openTelemetry } from "@sojourn/session/otel";
import { dynamodbStore, dynamodbTable } from "@sojourn/session/stores/dynamodb";
import { memoryStore } from "@sojourn/session/stores/memory";
import { postgresMigration, postgresStore } from "@sojourn/session/stores/postgres";
import { redisStore } from "@sojourn/session/stores/redis";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { tieredStore } from "@sojourn/session/stores/tiered";
import {
  adapterSuite,
  createBrowser,
  createCookieJar,
  createFakeClock,
  createFakeRandom,
  createFakeRuntime,
  holdStore,
  parseCookieDate,
  parseSetCookie,
  storeSuite,
} from "@sojourn/session/testing";
import expressSessionModule from "express-session";
import { describe, expect, it } from "vitest";
import { ANYTHING, expectTyped, outcome, told } from "./wrong-values.ts";

const sessions = createSessions({ store: memoryStore(), env: {} });
const handler = () => new Response();
const isObject = (value: unknown) => typeof value === "object" && value !== null;
const isFunction = (value: unknown) => typeof value === "function";
const isText = (value: unknown) => typeof value === "string";
const isAscii = (value: unknown) => typeof value === "string" && value !== "\ud800";
const isSoon = (value: unknown) => value === "soon";
const isFlag = (value: unknown) => typeof value === "boolean";
const isNone = (value: unknown) => Array.isArray(value) && value.length === 0;
const isPlain = (value: unknown) =>
  isObject(value) && Object.keys(value as object).length === 0 && !Array.isArray(value);
/** Whatever has no names of its own is taken for empty options. */
const isBare = (value: unknown) => isObject(value) && Object.keys(value as object).length === 0;
const never = () => false;
const OPTIONS = /^(?:ARGUMENT|OPTIONS|STORE_OPTION)_INVALID$/;
const jwt = (more: object) =>
  jsonWebToken({ issuer: "https://a", audience: "a", algorithm: "HS256", revocation: "none", ...more } as never);
const session = await sessions.load(new Request("https://shop.example.com/"));
const REDIS = () => Promise.reject(new Error("nobody connects"));
const PG = REDIS;
const DYNAMO = PG;
const URL_OF = new URL("https://shop.example.com/");
const jar = createCookieJar();
const browser = createBrowser({ send: handler });
const EXPRESS = new expressSessionModule.MemoryStore();
const overExpress = (more: object, store: unknown = EXPRESS) =>
  fromExpressStore(store as never, { unsafe: "last-write-wins", ...more });
const underExpress = (more: object, store: unknown = memoryStore()) =>
  toExpressStore(store as never, { session: expressSessionModule, env: {}, ...more });
const kit = () => {
  throw new Error("nothing is to be run");
};

type Row = readonly [
  name: string,
  call: (value: never) => unknown,
  code: string | RegExp,
  /** Which of the wrong values are none. */
  allows: (value: unknown) => boolean,
  /** The argument that the message names. */
  names: string,
];

const ROWS: readonly Row[] = [
  ["expressSession", expressSession, "ARGUMENT_INVALID", never, "sessions"],
  ["fastifySession", fastifySession, "ARGUMENT_INVALID", never, "sessions"],
  ["koaSession", koaSession, "ARGUMENT_INVALID", never, "sessions"],
  ["honoSession", honoSession, "ARGUMENT_INVALID", never, "sessions"],
  ["honoSession's options", (v) => honoSession(sessions, v), OPTIONS, isBare, "options"],
  ["honoSession's request", (v) => honoSession(sessions, { request: v }), "ARGUMENT_INVALID", isFunction, "request"],
  ["nodeSession", nodeSession, "ARGUMENT_INVALID", never, "sessions"],
  ["handle", (v) => nodeSession(sessions).handle(v), "ARGUMENT_INVALID", isFunction, "handler"],
  ["handle's onError", (v) => nodeSession(sessions).handle(handler, v), "ARGUMENT_INVALID", isFunction, "onError"],
  ["nodeRequest", nodeRequest, "ARGUMENT_INVALID", never, "request"],
  ["upgradeSession", (v) => upgradeSession(v, { headers: {}, socket: {} }), "ARGUMENT_INVALID", never, "sessions"],
  ["upgradeSession's request", (v) => upgradeSession(sessions, v), "ARGUMENT_INVALID", never, "request"],
  ["withSession", (v) => withSession(v, handler), "ARGUMENT_INVALID", never, "sessions"],
  ["withSession's handler", (v) => withSession(sessions, v), "ARGUMENT_INVALID", isFunction, "handler"],
  ["withSession's options", (v) => withSession(sessions, handler, v), OPTIONS, isBare, "options"],
  [
    "withSession's onError",
    (v) => withSession(sessions, handler, { onError: v }),
    "ARGUMENT_INVALID",
    isFunction,
    "onError",
  ],
  ["expressSession.of", (v) => expressSession(sessions).of(v), "SESSION_NOT_ATTACHED", never, "adapter"],
  ["fastifySession.of", (v) => fastifySession(sessions).of(v), "SESSION_NOT_ATTACHED", never, "adapter"],
  ["koaSession.of", (v) => koaSession(sessions).of(v), "SESSION_NOT_ATTACHED", never, "adapter"],
  ["honoSession.of", (v) => honoSession(sessions).of(v), "SESSION_NOT_ATTACHED", never, "adapter"],
  ["nodeSession.of", (v) => nodeSession(sessions).of(v), "SESSION_NOT_ATTACHED", never, "adapter"],
  ["sealedCookie", sealedCookie, /^(?:UNSUPPORTED|OPTIONS_INVALID)$/, never, "sealed"],
  ["sealedCookie's revocation", (v) => sealedCookie({ revocation: v }), "UNSUPPORTED", never, "revocation"],
  ["jsonWebToken", jsonWebToken, "OPTIONS_INVALID", never, "jsonWebToken"],
  ["jsonWebToken's issuer", (v) => jwt({ issuer: v }), "OPTIONS_INVALID", isSoon, "issuer"],
  ["jsonWebToken's audience", (v) => jwt({ audience: v }), "OPTIONS_INVALID", isSoon, "audience"],
  ["jsonWebToken's algorithm", (v) => jwt({ algorithm: v }), "OPTIONS_INVALID", never, "algorithm"],
  ["jsonWebToken's revocation", (v) => jwt({ revocation: v }), "UNSUPPORTED", never, "revocation"],
  [
    "jsonWebToken's signingKeys",
    (v) => jwt({ algorithm: "ES256", signingKeys: v }),
    "OPTIONS_INVALID",
    never,
    "signingKeys",
  ],
  ["headerToken", headerToken, "OPTIONS_INVALID", isBare, "headerToken"],
  ["headerToken's request", (v) => headerToken({ request: v }), "OPTIONS_INVALID", (v) => v === "soon", "request"],
  ["memoryStore", memoryStore, "STORE_OPTION_INVALID", isBare, "option"],
  ["memoryStore's clock", (v) => memoryStore({ clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["memoryStore's turn", (v) => memoryStore({ turn: v }), "STORE_OPTION_INVALID", isFunction, "turn"],
  ["sqliteStore", sqliteStore, "STORE_OPTION_INVALID", (v) => typeof v === "string" && v !== "", "path"],
  ["sqliteStore's options", (v) => sqliteStore(":memory:", v), "STORE_OPTION_INVALID", isBare, "option"],
  [
    "sqliteStore's table",
    (v) => sqliteStore(":memory:", { table: v }),
    "STORE_OPTION_INVALID",
    (v) => v === "soon",
    "table",
  ],
  ["sqliteStore's deadline", (v) => sqliteStore(":memory:", { deadline: v }), "DURATION", never, "deadline"],
  ["sqliteStore's clock", (v) => sqliteStore(":memory:", { clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["sqliteStore's random", (v) => sqliteStore(":memory:", { random: v }), "STORE_OPTION_INVALID", never, "random"],
  ["tieredStore", tieredStore, "STORE_OPTION_INVALID", never, "shared"],
  ["tieredStore's options", (v) => tieredStore(memoryStore(), v), "STORE_OPTION_INVALID", isBare, "option"],
  ["tieredStore's staleness", (v) => tieredStore(memoryStore(), { staleness: v }), "DURATION", never, "staleness"],
  [
    "tieredStore's maxRecords",
    (v) => tieredStore(memoryStore(), { maxRecords: v }),
    "STORE_OPTION_INVALID",
    never,
    "maxRecords",
  ],
  [
    "tieredStore's maxBytes",
    (v) => tieredStore(memoryStore(), { maxBytes: v }),
    "STORE_OPTION_INVALID",
    never,
    "maxBytes",
  ],
  ["tieredStore's clock", (v) => tieredStore(memoryStore(), { clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["redisStore", redisStore, "STORE_OPTION_INVALID", isFunction, "client"],
  ["redisStore's options", (v) => redisStore(REDIS, v), "STORE_OPTION_INVALID", isBare, "option"],
  ["redisStore's prefix", (v) => redisStore(REDIS, { prefix: v }), "STORE_OPTION_INVALID", isAscii, "prefix"],
  [
    "redisStore's replicas",
    (v) => redisStore(REDIS, { replicas: v }),
    "STORE_OPTION_INVALID",
    (v) => v === 0,
    "replicas",
  ],
  ["redisStore's replicasWithin", (v) => redisStore(REDIS, { replicasWithin: v }), "DURATION", never, "replicasWithin"],
  ["redisStore's listen", (v) => redisStore(REDIS, { listen: v }), "STORE_OPTION_INVALID", isFunction, "listen"],
  ["dynamodbStore", dynamodbStore, "STORE_OPTION_INVALID", isFunction, "client"],
  ["dynamodbStore's options", (v) => dynamodbStore(DYNAMO, v), "STORE_OPTION_INVALID", isBare, "option"],
  ["dynamodbStore's table", (v) => dynamodbStore(DYNAMO, { table: v }), "STORE_OPTION_INVALID", isSoon, "table"],
  ["dynamodbStore's reads", (v) => dynamodbStore(DYNAMO, { reads: v }), "STORE_OPTION_INVALID", never, "reads"],
  ["dynamodbStore's clock", (v) => dynamodbStore(DYNAMO, { clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["dynamodbTable", dynamodbTable, "STORE_OPTION_INVALID", isBare, "option"],
  ["dynamodbTable's table", (v) => dynamodbTable({ table: v }), "STORE_OPTION_INVALID", isSoon, "table"],
  ["postgresStore", postgresStore, "STORE_OPTION_INVALID", isFunction, "client"],
  ["postgresStore's options", (v) => postgresStore(PG, v), "STORE_OPTION_INVALID", isBare, "option"],
  ["postgresStore's table", (v) => postgresStore(PG, { table: v }), "STORE_OPTION_INVALID", isSoon, "table"],
  ["postgresStore's schema", (v) => postgresStore(PG, { schema: v }), "STORE_OPTION_INVALID", isSoon, "schema"],
  ["postgresStore's prepare", (v) => postgresStore(PG, { prepare: v }), "STORE_OPTION_INVALID", isFlag, "prepare"],
  ["postgresStore's listen", (v) => postgresStore(PG, { listen: v }), "STORE_OPTION_INVALID", isFunction, "listen"],
  ["postgresStore's clock", (v) => postgresStore(PG, { clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["postgresStore's random", (v) => postgresStore(PG, { random: v }), "STORE_OPTION_INVALID", never, "random"],
  ["postgresMigration", postgresMigration, "STORE_OPTION_INVALID", isBare, "option"],
  ["postgresMigration's table", (v) => postgresMigration({ table: v }), "STORE_OPTION_INVALID", isSoon, "table"],
  ["fromExpressStore", (v) => overExpress({}, v ?? null), "STORE_OPTION_INVALID", never, "store"],
  ["fromExpressStore's options", (v) => fromExpressStore(EXPRESS, v), /INVALID|UNSUPPORTED/, never, "fromExpressStore"],
  ["fromExpressStore's unsafe", (v) => overExpress({ unsafe: v }), "UNSUPPORTED", never, "unsafe"],
  ["fromExpressStore's deadline", (v) => overExpress({ deadline: v }), "DURATION", never, "deadline"],
  ["fromExpressStore's clock", (v) => overExpress({ clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["toExpressStore", (v) => underExpress({}, v ?? null), "OPTIONS_INVALID", never, "store"],
  ["toExpressStore's options", (v) => toExpressStore(memoryStore(), v), "OPTIONS_INVALID", never, "toExpressStore"],
  ["toExpressStore's session", (v) => underExpress({ session: v }), "OPTIONS_INVALID", never, "session"],
  ["toExpressStore's keys", (v) => underExpress({ atRest: "sealed", keys: v }), /KEY|OPTIONS_INVALID/, never, "key"],
  ["toExpressStore's atRest", (v) => underExpress({ atRest: v }), "OPTIONS_INVALID", never, "atRest"],
  ["toExpressStore's idle", (v) => underExpress({ idle: v }), /DURATION|OPTIONS_INVALID/, never, "idle"],
  [
    "toExpressStore's storeDeadline",
    (v) => underExpress({ storeDeadline: v }),
    /DURATION|OPTIONS_INVALID/,
    never,
    "storeDeadline",
  ],
  ["toExpressStore's runtime", (v) => underExpress({ runtime: v }), "OPTIONS_INVALID", isObject, "runtime"],
  ["toExpressStore's env", (v) => underExpress({ env: v }), "OPTIONS_INVALID", isObject, "env"],
  ["commitTo", (v) => commitTo(v, sessions, session), "ARGUMENT_INVALID", never, "response"],
  ["commitTo's sessions", (v) => commitTo(new Response(), v, session), "ARGUMENT_INVALID", never, "sessions"],
  ["commitTo's session", (v) => commitTo(new Response(), sessions, v), "ARGUMENT_INVALID", never, "session"],
  ["auditFile", auditFile, "OPTIONS_INVALID", (v) => typeof v === "string" && v !== "", "path"],
  ["auditFile's options", (v) => auditFile("a", v), "OPTIONS_INVALID", isPlain, "options"],
  ["auditFile's maxWaiting", (v) => auditFile("a", { maxWaiting: v }), "OPTIONS_INVALID", never, "maxWaiting"],
  ["auditFile's retryAfter", (v) => auditFile("a", { retryAfter: v }), /DURATION|OPTIONS_INVALID/, never, "retryAfter"],
  ["auditFile's logger", (v) => auditFile("a", { logger: v }), "OPTIONS_INVALID", never, "logger"],
  ["auditFile's clock", (v) => auditFile("a", { clock: v }), "OPTIONS_INVALID", never, "clock"],
  ["auditFile's fs", (v) => auditFile("a", { fs: v }), "OPTIONS_INVALID", never, "fs"],
  ["openTelemetry", openTelemetry, "OPTIONS_INVALID", isPlain, "options"],
  ["openTelemetry's tracerProvider", (v) => openTelemetry({ tracerProvider: v }), "OPTIONS_INVALID", never, "tracer"],
  ["openTelemetry's meterProvider", (v) => openTelemetry({ meterProvider: v }), "OPTIONS_INVALID", never, "meter"],
  ["openTelemetry's clock", (v) => openTelemetry({ clock: v }), "OPTIONS_INVALID", never, "clock"],
  ["createCookieJar", createCookieJar, OPTIONS, isBare, "options"],
  ["createCookieJar's clock", (v) => createCookieJar({ clock: v }), "ARGUMENT_INVALID", never, "clock"],
  ["receive's text", (v) => jar.receive(v, URL_OF), "ARGUMENT_INVALID", isText, "text"],
  ["receive's url", (v) => jar.receive("a=b", v), "ARGUMENT_INVALID", never, "url"],
  ["receive's context", (v) => jar.receive("a=b", URL_OF, v), "ARGUMENT_INVALID", isObject, "context"],
  ["header", (v) => jar.header(v), "ARGUMENT_INVALID", never, "url"],
  ["header's context", (v) => jar.header(URL_OF, v), "ARGUMENT_INVALID", isObject, "context"],
  ["scriptView", (v) => jar.scriptView(v), "ARGUMENT_INVALID", never, "url"],
  ["createBrowser", createBrowser, OPTIONS, isBare, "options"],
  ["createBrowser's clock", (v) => createBrowser({ clock: v }), "ARGUMENT_INVALID", never, "clock"],
  ["createBrowser's send", (v) => createBrowser({ send: v }), "ARGUMENT_INVALID", isFunction, "send"],
  ["request", (v) => browser.request(v), "ARGUMENT_INVALID", never, "url"],
  ["request's init", (v) => browser.request("http://a.test/", v), OPTIONS, isBare, "init"],
  [
    "request's from",
    (v) => browser.request("http://a.test/", { from: v }),
    "ARGUMENT_INVALID",
    (v) => !isText(v),
    "from",
  ],
  ["holdStore", holdStore, "ARGUMENT_INVALID", never, "store"],
  ["hold", (v) => holdStore(memoryStore()).hold(v), "ARGUMENT_INVALID", never, "method"],
  ["calls", (v) => holdStore(memoryStore()).calls(v), "ARGUMENT_INVALID", never, "method"],
  ["parseSetCookie", (v) => parseSetCookie(v, 0), "ARGUMENT_INVALID", isText, "text"],
  ["parseSetCookie's nowMs", (v) => parseSetCookie("a=b", v), "ARGUMENT_INVALID", Number.isFinite, "nowMs"],
  ["parseCookieDate", parseCookieDate, "ARGUMENT_INVALID", isText, "text"],
  ["storeSuite", (v) => storeSuite(v, kit, { test: kit, extras: [] }), "ARGUMENT_INVALID", isText, "name"],
  [
    "storeSuite's create",
    (v) => storeSuite("a", v, { test: kit, extras: [] }),
    "ARGUMENT_INVALID",
    isFunction,
    "create",
  ],
  ["storeSuite's parts", (v) => storeSuite("a", kit, v), "ARGUMENT_INVALID", never, "storeSuite"],
  ["storeSuite's extras", (v) => storeSuite("a", kit, { test: kit, extras: v }), "ARGUMENT_INVALID", isNone, "extras"],
  ["adapterSuite", (v) => adapterSuite(v, kit, { test: kit }), "ARGUMENT_INVALID", isText, "name"],
  ["adapterSuite's serve", (v) => adapterSuite("a", v, { test: kit }), "ARGUMENT_INVALID", isFunction, "serve"],
  ["adapterSuite's parts", (v) => adapterSuite("a", kit, v), "ARGUMENT_INVALID", never, "adapterSuite"],
  ["createFakeClock", createFakeClock, "ARGUMENT_INVALID", Number.isFinite, "startMs"],
  ["advance", (v) => createFakeClock().advance(v), "ARGUMENT_INVALID", (v) => Number.isFinite(v) && v !== -1, "ms"],
  ["setWall", (v) => createFakeClock().setWall(v), "ARGUMENT_INVALID", Number.isFinite, "nowMs"],
  ["createFakeRandom", createFakeRandom, "ARGUMENT_INVALID", Number.isFinite, "seed"],
  ["createFakeRuntime", createFakeRuntime, OPTIONS, isBare, "part"],
  ["createFakeRuntime's clock", (v) => createFakeRuntime({ clock: v }), "OPTIONS_INVALID", never, "clock"],
];

/** Every function that takes options, one of them misspelt, and what the error offers instead. */
const MISSPELT: readonly (readonly [name: string, call: (options: never) => unknown, given: object, near: string])[] = [
  ["auditFile", (o) => auditFile("a", o), { maxWating: 1 }, "maxWaiting"],
  ["openTelemetry", openTelemetry, { clok: 1 }, "clock"],
  ["honoSession", (o) => honoSession(sessions, o), { requst: handler }, "request"],
  ["withSession", (o) => withSession(sessions, handler, o), { onerror: handler }, "onError"],
  ["sealedCookie", sealedCookie, { revocation: "none", maxByte: 600 }, "maxBytes"],
  ["headerToken", headerToken, { respons: "X-Session" }, "response"],
  ["jsonWebToken", jwt, { isuer: "a" }, "issuer"],
  ["jsonWebToken's header", (o) => jwt({ header: o }), { requests: "X-Session" }, "request"],
  ["jsonWebToken's refresh", (o) => jwt({ revocation: memoryStore(), refresh: o }), { accesFor: "5m" }, "accessFor"],
  ["memoryStore", memoryStore, { clok: 1 }, "clock"],
  ["sqliteStore", (o) => sqliteStore(":memory:", o), { tabel: "a" }, "table"],
  ["tieredStore", (o) => tieredStore(memoryStore(), o), { stalenes: "1s" }, "staleness"],
  [
    "tieredStore's writeBehind",
    (o) => tieredStore(memoryStore(), { writeBehind: o }),
    { lag: "1s", maxOperation: 9 },
    "maxOperations",
  ],
  ["redisStore", (o) => redisStore(REDIS, o), { replica: 1 }, "replicas"],
  ["dynamodbStore", (o) => dynamodbStore(DYNAMO, o), { read: "strong" }, "reads"],
  ["dynamodbTable", dynamodbTable, { tables: "a" }, "table"],
  ["postgresStore", (o) => postgresStore(PG, o), { prepared: true }, "prepare"],
  ["postgresMigration", postgresMigration, { shema: "a" }, "schema"],
  ["fromExpressStore", overExpress, { deadlin: "1s" }, "deadline"],
  ["toExpressStore", underExpress, { idel: "1d" }, "idle"],
  ["createBrowser", createBrowser, { sent: handler }, "send"],
  ["request", (o) => browser.request("https://a.test/", o), { heders: {} }, "headers"],
  ["createCookieJar", createCookieJar, { clocks: 1 }, "clock"],
  ["createFakeRuntime", createFakeRuntime, { sead: 1 }, "seed"],
];

/** Functions that take no options. */
const WITHOUT = [
  "expressSession",
  "fastifySession",
  "koaSession",
  "nodeSession",
  "nodeRequest",
  "upgradeSession",
  "commitTo",
  "holdStore",
  "parseSetCookie",
  "parseCookieDate",
  "createFakeClock",
  "createFakeRandom",
  // Their parts are the caller's test runner, and more.
  "storeSuite",
  "adapterSuite",
];

describe("an option that there is not", () => {
  it.each(MISSPELT)("%s: is refused with the one that was meant", async (_, call, given, near) => {
    const name = Object.keys(given).at(-1) ?? "";
    const error = await outcome(() => call(given as never));
    expectTyped(error, name);
    expect(error.code).toMatch(/^(?:STORE_)?OPTIONS?_INVALID$/);
    expect(error.what).toContain(name);
    expect(error.mend).toContain(near);
  });

  it("is taken by the migration and the table where the store takes it", () => {
    expect(postgresMigration({ table: "a", prepare: true } as object)).toContain('"a"');
    expect(dynamodbTable({ table: "abc", reads: "strong" } as object).table.TableName).toBe("abc");
  });
});

describe("what is given to a subpath", () => {
  it.each(ROWS)("%s: every kind of wrong value is told of at once", async (_, call, code, allows, names) => {
    for (const value of ANYTHING.filter((each) => !allows(each))) {
      const error = await outcome(() => call(value as never));
      expectTyped(error, told(value));
      expect(error.code, told(value)).toMatch(code);
      expect(error.message, told(value)).toContain(names);
    }
  });

  it("has a row for every function of every subpath", async () => {
    const { exports }: { exports: object } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    );
    const rows = ROWS.map(([name]) => name);
    for (const path of Object.keys(exports).filter((path) => path !== "./package.json")) {
      const entry: Record<string, unknown> = await import(`@sojourn/session${path.slice(1)}`);
      const functions = Object.keys(entry).filter((name) => typeof entry[name] === "function");
      expect(functions.length, path).toBeGreaterThan(0);
      // Its options have a file of their own.
      expect(
        functions.filter((name) => name !== "createSessions" && !rows.includes(name)),
        path,
      ).toEqual([]);
      const told = [...MISSPELT.map(([name]) => name), ...WITHOUT, "createSessions"];
      expect(
        functions.filter((name) => !told.includes(name)),
        path,
      ).toEqual([]);
    }
  });

  it("is taken where it is right", async () => {
    expect(await outcome(() => memoryStore({}))).toBeUndefined();
    expect(await outcome(() => expressSession(sessions))).toBeUndefined();
    expect(await outcome(() => withSession(sessions, handler, {}))).toBeUndefined();
  });
});
