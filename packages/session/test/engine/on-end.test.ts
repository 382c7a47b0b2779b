import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { describe, expect, it, vi } from "vitest";
import { createClient, createWorld, KEY_A, requestOf, turn, visit } from "./support.ts";

describe("session.onEnd", () => {
  it("tells a live connection once, at once when this process ends the session", { tags: ["asvs-7.4.1"] }, async () => {
    const { sessions } = createWorld();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    const [told, stopped] = [vi.fn(), vi.fn()];
    session.onEnd(told);
    session.onEnd(stopped)();
    await sessions.revokeUser("ann");
    expect(told).toHaveBeenCalledTimes(1);
    expect(stopped).not.toHaveBeenCalled();
  });

  it("tells within 30 s when another server does", async () => {
    const { sessions, another, runtime } = createWorld();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const told = vi.fn();
    (await sessions.load(requestOf({ cookie: client.cookie }))).onEnd(told);
    await another().revokeUser("ann");
    expect(told).not.toHaveBeenCalled();
    runtime.clock.advance(30_000);
    await turn();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("tells at once of a session that ended between its load and this call", async () => {
    const { sessions, another } = createWorld();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const session = await sessions.load(requestOf({ cookie: client.cookie }));
    await another().revokeUser("ann");
    const told = vi.fn();
    session.onEnd(told);
    await turn();
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("tells who began to listen under the same id after those before had been told", async () => {
    const { sessions } = createWorld();
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const [id] = (await sessions.list("ann")).map((info) => info.id);
    const [before, after] = [vi.fn(), vi.fn()];
    const stop = sessions.onEnd(id ?? "", before);
    await sessions.end(id ?? "");
    sessions.onEnd(id ?? "", after);
    stop();
    await turn();
    expect([before, after].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });

  it("never tells of a session that has not begun, and takes nothing but a function", async () => {
    const { sessions } = createWorld();
    const session = await sessions.load(requestOf());
    session.onEnd(() => expect.unreachable())();
    expect(() => session.onEnd("x" as never)).toThrow(/ARGUMENT_INVALID: onEnd: listener is not a function/);
  });

  it("is unsupported where nobody could tell", async () => {
    const sessions = createSessions({ carrier: sealedCookie({ revocation: "none" }), keys: KEY_A, env: {} });
    const session = await sessions.load(requestOf());
    await session.login("ann");
    expect(() => session.onEnd(() => {})).toThrow(/UNSUPPORTED/);
  });
});
