import { createRuntime, fromBase64Url, hex } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  createClient,
  createDeployment,
  createWorld,
  HOMES,
  KEY_A,
  PROVIDERS,
  requestOf,
  type Shop,
  visit,
} from "../engine/support.ts";

describe.each(PROVIDERS)("a token ($name crypto)", (crypto) => {
  it("of which one character differs is no session, whichever it is", { tags: ["asvs-7.2.1"] }, async () => {
    const { sessions } = createWorld({ crypto });
    const client = createClient();
    await visit(sessions, client, (session) => session.login("ann"));
    const value = client.value ?? "";
    for (let at = 0; at < value.length; at++) {
      const other = value[at] === "A" ? "B" : "A";
      const altered = `__Host-session=${value.slice(0, at)}${other}${value.slice(at + 1)}`;
      const session = await sessions.load(requestOf({ cookie: altered }));
      expect([session.isNew, session.userId, session.level]).toEqual([true, undefined, 0]);
    }
    expect((await sessions.load(requestOf({ cookie: client.cookie }))).userId).toBe("ann");
  });

  it("is none of what stays the same: keys, ids, names of users", { tags: ["asvs-7.2.2"] }, async () => {
    const { sessions } = createWorld({ crypto, atRest: "sealed", keys: KEY_A });
    const client = createClient();
    const { result: id } = await visit(sessions, client, async (session) => {
      await session.login("ann");
      return session.id;
    });
    for (const fixed of [KEY_A, KEY_A.slice(KEY_A.lastIndexOf(".") + 1), id, "ann"]) {
      for (const headers of [{}, { authorization: `Bearer ${fixed}` }, { "x-session-id": String(fixed) }]) {
        const session = await sessions.load(requestOf({ cookie: `__Host-session=${fixed}`, headers }));
        expect(session.isNew).toBe(true);
      }
    }
  });
});

describe.each(HOMES)("what a client holds %s", (home) => {
  it("is another at every login, elevation and rotation, also of one user", { tags: ["asvs-7.2.2"] }, async () => {
    const { runtime, server } = createDeployment(home);
    const servers = [server(), server()];
    const held: (string | undefined)[] = [];
    for (let i = 0; i < 20; i++) {
      const client = createClient();
      const sessions = servers[i % 2] ?? server();
      for (const step of ["login", "again", "elevate", "rotate"]) {
        await visit(sessions, client, async (session) => {
          if (step === "elevate") await session.elevate(2);
          else if (step === "rotate") await session.rotate();
          else await session.login("ann");
        });
        held.push(client.value);
      }
      await runtime.settled();
    }
    expect(held).not.toContain(undefined);
    expect(new Set(held).size).toBe(80);
  });
});

describe("without a runtime of one's own", () => {
  afterEach(() => vi.restoreAllMocks());

  it("all 256 bits of a token come from crypto.getRandomValues, 128 new ones at each replacement", {
    tags: ["asvs-7.2.3"],
  }, async () => {
    const drawn: string[] = [];
    const original = globalThis.crypto.getRandomValues.bind(globalThis.crypto);
    vi.spyOn(globalThis.crypto, "getRandomValues").mockImplementation((array) => {
      const filled = original(array);
      if (filled instanceof Uint8Array) drawn.push(hex(filled));
      return filled;
    });
    const random = vi.spyOn(Math, "random");
    const sessions = createSessions<Shop>({ store: memoryStore(), env: {} });
    const client = createClient();
    const tokens: { readonly name: string; readonly secret: string }[] = [];
    for (const change of ["login", "elevate", "rotate"] as const) {
      await visit(sessions, client, (session) =>
        change === "login" ? session.login("ann") : change === "elevate" ? session.elevate(2) : session.rotate(),
      );
      const token = hex(fromBase64Url(client.value ?? "") ?? new Uint8Array());
      expect(token).toHaveLength(64);
      tokens.push({ name: token.slice(0, 32), secret: token.slice(32) });
    }
    for (const { name, secret } of tokens) {
      for (const half of [name, secret]) expect(drawn.some((batch) => batch.includes(half))).toBe(true);
    }
    expect(new Set(tokens.map(({ secret }) => secret)).size).toBe(3);
    expect(new Set(tokens.map(({ name }) => name)).size).toBe(1);
    expect(random).not.toHaveBeenCalled();
  });

  it("no two sessions share a name or a secret", { tags: ["asvs-7.2.3"] }, async () => {
    const sessions = createSessions<Shop>({ store: memoryStore(), env: {}, runtime: createRuntime() });
    const halves = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const client = createClient();
      await visit(sessions, client, (session) => session.set("count", i));
      const token = fromBase64Url(client.value ?? "") ?? new Uint8Array();
      halves.add(hex(token.subarray(0, 16))).add(hex(token.subarray(16)));
    }
    expect(halves.size).toBe(400);
  });
});
