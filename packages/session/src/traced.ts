import type { Awaitable } from "@sojourn/core";
import type { SessionAdmin } from "./admin.ts";
import type { Home } from "./home.ts";
import type { StoreCalls } from "./in-store/calls.ts";
import type { SessionState } from "./state.ts";
import type { AnyStore, StoredRecord } from "./store.ts";
import type { OperationEnd, Telemetry } from "./telemetry.ts";
import { isSessionKey } from "./token/token.ts";

/*
 * What telemetry sees is wrapped once, when sessions are created. Without telemetry nothing is wrapped, so that no
 * request asks whether there is any.
 */

const nothing = (): OperationEnd => ({});

export function traceHome(home: Home, telemetry: Telemetry): Home {
  const ended = (state: SessionState) => () => ({ sessionId: state.held?.key });
  const operation = (name: string, state: SessionState) => ({ name: `session.${name}`, sessionId: state.held?.key });

  function identity<Rest extends unknown[]>(
    name: "login" | "elevate" | "rotate" | "logout",
    work: (state: SessionState, ...rest: Rest) => Promise<void>,
  ): (state: SessionState, ...rest: Rest) => Promise<void> {
    return async (state, ...rest) => telemetry.trace(operation(name, state), () => work(state, ...rest), ended(state));
  }

  return {
    ...home,
    load: (request) =>
      telemetry.trace(
        { name: "session.load" },
        () => home.load(request),
        ({ held }) => ({ sessionId: held?.key }),
      ),
    // Most responses have nothing to commit, and nothing is what their spans would show.
    commit: (state) =>
      home.waits(state)
        ? telemetry.trace(operation("commit", state), () => home.commit(state), ended(state))
        : home.commit(state),
    login: identity("login", home.login),
    elevate: identity("elevate", home.elevate),
    rotate: identity("rotate", home.rotate),
    logout: identity("logout", home.logout),
  };
}

export function traceAdmin(admin: SessionAdmin, telemetry: Telemetry): SessionAdmin {
  function each<Args extends unknown[], T>(
    name: string,
    work: (...args: Args) => Promise<T>,
    sessionId: (...args: Args) => string | undefined = () => undefined,
  ): (...args: Args) => Promise<T> {
    const named = `session.${name}`;
    return async (...args) =>
      telemetry.trace({ name: named, sessionId: sessionId(...args) }, () => work(...args), nothing);
  }

  return {
    ...admin,
    list: each("list", admin.list),
    find: each("find", admin.find, (id) => id),
    end: each("end", admin.end, (id) => id),
    endOthers: each("end-others", admin.endOthers, ({ held }) => held?.key),
    revokeUser: each("revoke-user", admin.revokeUser),
    revokeAll: each("revoke-all", admin.revokeAll),
    sweep: each("sweep", admin.sweep),
  };
}

/** The calls and not the store: a call that is given up at its deadline ends there. */
export function traceCalls(calls: StoreCalls, store: AnyStore, telemetry: Telemetry): StoreCalls {
  const { name } = store.traits;

  async function call<T>(
    operation: string,
    key: string | undefined,
    work: () => Awaitable<T>,
    outcome: (result: T) => OperationEnd["outcome"] = () => "done",
  ): Promise<T> {
    const sessionId = isSessionKey(key) ? key : undefined;
    return telemetry.trace({ name: `store.${operation}`, store: name, sessionId }, work, (result) => ({
      outcome: outcome(result),
    }));
  }

  const read = (key: string, work: () => Awaitable<StoredRecord | undefined>) =>
    call("read", key, work, (record) => (record === undefined ? "absent" : "done"));
  const { near } = calls;

  return {
    ...calls,
    read: (key) => read(key, () => calls.read(key)),
    // A copy is no call.
    near: near && { ...near, fetch: (key) => read(key, () => near.fetch(key)) },
    write: (key, record, expect) =>
      call(
        "write",
        key,
        () => calls.write(key, record, expect),
        ({ status }) => status,
      ),
    delete: (key) =>
      call(
        "delete",
        key,
        () => calls.delete(key),
        (alive) => (alive ? "done" : "absent"),
      ),
    ask: (operation, work) => call(operation, undefined, () => calls.ask(operation, work)),
  };
}
