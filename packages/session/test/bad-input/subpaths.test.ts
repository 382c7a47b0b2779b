import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { expressSession } from "@sojourn/session/express";
import { fastifySession } from "@sojourn/session/fastify";
import { withSession } from "@sojourn/session/fetch";
import { honoSession } from "@sojourn/session/hono";
import { koaSession } from "@sojourn/session/koa";
import { nodeRequest, nodeSession, upgradeSession } from "@sojourn/session/node";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { describe, expect, it } from "vitest";
import { ANYTHING, expectTyped, outcome, told } from "./wrong-values.ts";

const sessions = createSessions({ store: memoryStore(), env: {} });
const handler = () => new Response();
const isObject = (value: unknown) => typeof value === "object" && value !== null;
const isFunction = (value: unknown) => typeof value === "function";
const never = () => false;

type Row = readonly [
  name: string,
  call: (value: never) => unknown,
  code: string,
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
  ["honoSession's options", (v) => honoSession(sessions, v), "ARGUMENT_INVALID", isObject, "options"],
  ["honoSession's request", (v) => honoSession(sessions, { request: v }), "ARGUMENT_INVALID", isFunction, "request"],
  ["nodeSession", nodeSession, "ARGUMENT_INVALID", never, "sessions"],
  ["handle", (v) => nodeSession(sessions).handle(v), "ARGUMENT_INVALID", isFunction, "handler"],
  ["handle's onError", (v) => nodeSession(sessions).handle(handler, v), "ARGUMENT_INVALID", isFunction, "onError"],
  ["nodeRequest", nodeRequest, "ARGUMENT_INVALID", never, "request"],
  ["upgradeSession", (v) => upgradeSession(v, { headers: {}, socket: {} }), "ARGUMENT_INVALID", never, "sessions"],
  ["upgradeSession's request", (v) => upgradeSession(sessions, v), "ARGUMENT_INVALID", never, "request"],
  ["withSession", (v) => withSession(v, handler), "ARGUMENT_INVALID", never, "sessions"],
  ["withSession's handler", (v) => withSession(sessions, v), "ARGUMENT_INVALID", isFunction, "handler"],
  ["withSession's options", (v) => withSession(sessions, handler, v), "ARGUMENT_INVALID", isObject, "options"],
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
  ["sealedCookie", sealedCookie, "UNSUPPORTED", never, "sealed"],
  ["sealedCookie's revocation", (v) => sealedCookie({ revocation: v }), "UNSUPPORTED", never, "revocation"],
  ["memoryStore", memoryStore, "STORE_OPTION_INVALID", isObject, "options"],
  ["memoryStore's clock", (v) => memoryStore({ clock: v }), "STORE_OPTION_INVALID", never, "clock"],
  ["memoryStore's turn", (v) => memoryStore({ turn: v }), "STORE_OPTION_INVALID", isFunction, "turn"],
  ["sqliteStore", sqliteStore, "STORE_OPTION_INVALID", (v) => typeof v === "string" && v !== "", "path"],
  ["sqliteStore's options", (v) => sqliteStore(":memory:", v), "STORE_OPTION_INVALID", isObject, "options"],
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
];

describe("what is given to a subpath", () => {
  it.each(ROWS)("%s: every kind of wrong value is told of at once", async (_, call, code, allows, names) => {
    for (const value of ANYTHING.filter((each) => !allows(each))) {
      const error = await outcome(() => call(value as never));
      expectTyped(error, told(value));
      expect(error.code, told(value)).toContain(code);
      expect(error.message, told(value)).toContain(names);
    }
  });

  it("is taken where it is right", async () => {
    expect(await outcome(() => memoryStore({}))).toBeUndefined();
    expect(await outcome(() => expressSession(sessions))).toBeUndefined();
    expect(await outcome(() => withSession(sessions, handler, {}))).toBeUndefined();
  });
});
