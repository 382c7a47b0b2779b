import { inspect } from "node:util";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionsOptions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { outcome } from "../bad-input/wrong-values.ts";
import { createClient, createWorld, drive, failure, requestOf, visit } from "./support.ts";

const SECRET = "what-only-the-store-knows";

async function answering(method: string, answer: unknown) {
  const world = createWorld();
  const client = createClient();
  await visit(world.sessions, client, (s) => s.set("theme", "x"));
  world.fault = (name, run) => (name === method ? Promise.resolve(answer) : run());
  const visiting = visit(world.sessions, client, (s) => s.set("theme", "y"));
  return drive(world.runtime, failure(visiting), 500);
}

describe("a store whose answer is none", () => {
  it.each([
    [null, "null"],
    [true, "true"],
    ["x", "a string"],
    [{ bytes: SECRET }, "an object of another shape"],
  ])("read gives %o: the error says so, and what is asked for", async (answer, told) => {
    const error = await answering("read", answer);
    expect(error.code).toBe("SESSION_STORE_DOWN");
    expect(error.message).toContain(`it answered ${told} to read`);
    expect(error.message).toContain("undefined or { bytes, version, expiresAtMs }");
    expect(error.message).not.toContain(SECRET);
  });

  it.each([
    [true, "true"],
    [undefined, "undefined"],
  ])("write gives %o: nothing is claimed of the connection", async (answer, told) => {
    const error = await answering("write", answer);
    expect(error.code).toBe("SESSION_COMMIT_UNKNOWN");
    expect(error.message).toContain(`it answered ${told} to write`);
    expect(error.message).toContain('{ status: "done" }');
    expect(error.message).not.toContain("connection");
  });
});

describe("messages that say how to mend it", () => {
  it("a wrong CSRF token: fetch a new one", async () => {
    const world = createWorld({ csrf: "token" });
    const error = await failure(visit(world.sessions, createClient(), (s) => s.checkCsrfToken("nope")));
    expect(error).toMatchObject({ code: "SESSION_CSRF_REFUSED", mend: expect.stringContaining("session.csrfToken()") });
  });

  it.each<[Partial<SessionsOptions>, string]>([
    [{ persistent: { idle: "7d" } }, "persistent.absolute, which is that of absolute, 12h by default"],
    [{ idle: "7d" }, "absolute, which is 12h by default"],
    [{ idle: 5n as never }, "idle is 5n"],
  ])("%o: %s", async (options, text) => {
    const given = { store: memoryStore(), env: {}, runtime: createFakeRuntime(), ...options };
    const error = await outcome(() => createSessions(given as SessionsOptions));
    expect(error).toMatchObject({ what: expect.stringContaining(text) });
  });
});

describe("console.log(session)", () => {
  it("shows what opens and names nothing, and counts as no use", async () => {
    const world = createWorld();
    const client = createClient();
    await visit(world.sessions, client, async (s) => {
      s.set("theme", SECRET);
      await s.login("ada");
    });
    const { result } = await visit(world.sessions, client, (s) => [inspect(s), s.id ?? "no id"]);
    const [shown = "", id = ""] = result;
    expect(shown).toMatch(/isNew: false.*level: 1.*expiresAt: \d{4}-/s);
    for (const hidden of [SECRET, "ada", id, client.cookie ?? "no cookie"]) expect(shown).not.toContain(hidden);
    const untouched = await world.sessions.load(requestOf());
    expect(inspect(untouched)).toContain("isNew: true");
    expect(await world.sessions.commit(untouched)).toMatchObject({ varyCookie: false });
    expect(() => inspect(Object.getPrototypeOf(untouched))).not.toThrow();
  });
});
