import type { CryptoProvider } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { createSessions, type SessionEvent } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createBinding } from "../../src/binding.ts";
import { createClient, createWorld, failure, KEY_A, PROVIDERS, requestOf, type Shop, turn, visit } from "./support.ts";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const FIREFOX_LATER = FIREFOX.replaceAll("140", "155");
const CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36";
const HOME = "192.0.2.7";
const HOME_V6 = "2001:db8:7::9";
const AWAY = "203.0.113.5";

const at = (userAgent: string, remoteAddress: string | undefined = HOME) => ({
  headers: { "user-agent": userAgent },
  remoteAddress,
});

async function loggedIn(options: Parameters<typeof createWorld>[0]) {
  const world = createWorld(options);
  const client = createClient();
  await visit(world.sessions, client, (session) => session.login("ann"), at(FIREFOX));
  world.events.length = 0;
  const mismatches = () => world.events.filter(({ type }) => type === "session.binding-mismatch");
  return { ...world, client, mismatches };
}

const look = (session: { userId: string | undefined; level: number }) => [session.userId, session.level];

describe.each(PROVIDERS)("binding ($name crypto)", (crypto: CryptoProvider) => {
  it("serves the same browser in another version, and another address of the same network, without a word", async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto, binding: "end" });
    const { result } = await visit(sessions, client, look, at(FIREFOX_LATER, "192.0.2.200"));
    expect(result).toEqual(["ann", 1]);
    expect(mismatches()).toEqual([]);
  });

  it("reports another browser or network by default, once for each device, and serves it", async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto });
    for (let i = 0; i < 3; i++) {
      expect((await visit(sessions, client, look, at(CHROME))).result).toEqual(["ann", 1]);
      expect((await visit(sessions, client, look, at(FIREFOX))).result).toEqual(["ann", 1]);
    }
    await visit(sessions, client, look, at(CHROME, AWAY));
    expect(mismatches()).toMatchObject([
      {
        signals: ["userAgent"],
        outcome: "reported",
        device: { browser: "Chrome", system: "Windows", networks: ["192.0.2.0/24"] },
      },
      { signals: ["userAgent", "address"], outcome: "reported" },
    ]);
  });

  it("remembers a bounded number of what it has told, then tells again", () => {
    let heard = 0;
    const binding = createBinding({ userAgent: "report", address: "report" }, () => void heard++);
    const known = { browser: 1, system: 1, ipv4: 1, ipv6: undefined } as const;
    const judge = (n: number) => binding.judge(`session-${n}`, known, { ...known, ipv4: 2 });
    for (let n = 0; n < 10_000; n++) judge(n);
    judge(0);
    expect(heard).toBe(10_000);
    judge(10_000);
    judge(10_000);
    expect(heard).toBe(10_001);
    judge(0);
    expect(heard).toBe(10_002);
  });

  it("tells of two devices in turn twice, not for each request", async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto });
    for (let i = 0; i < 20; i++) await visit(sessions, client, look, at(FIREFOX, i % 2 === 0 ? AWAY : "198.51.100.1"));
    expect(mismatches()).toHaveLength(2);
  });

  it("steps down to level 0 under step-up, until an elevation or login binds the session anew", {
    tags: ["asvs-7.5.3"],
  }, async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto, binding: "step-up" });
    await visit(
      sessions,
      client,
      async (session) => {
        expect(look(session)).toEqual(["ann", 0]);
        expect((await failure(sessions.requireFresh(session, "1h"))).code).toBe("SESSION_NOT_FRESH");
        session.set("theme", "dark");
        await session.commit();
        expect(session.level).toBe(0);
        await session.elevate(2);
        expect(session.level).toBe(2);
        await sessions.requireFresh(session, "1h", 2);
      },
      at(CHROME, AWAY),
    );
    expect((await visit(sessions, client, look, at(CHROME, AWAY))).result).toEqual(["ann", 2]);
    expect((await visit(sessions, client, look, at(FIREFOX))).result).toEqual(["ann", 0]);
    expect(mismatches()).toHaveLength(2);
  });

  it("ends the session under end, and the request has a new one and keeps the cookie", async () => {
    const { sessions, client, events, store } = await loggedIn({ crypto, binding: "end" });
    const { result, fields } = await visit(sessions, client, look, at(CHROME));
    expect(result).toEqual([undefined, 0]);
    expect(fields.setCookies).toEqual([]);
    expect(events).toMatchObject([
      { type: "session.binding-mismatch", outcome: "ended" },
      { type: "session.ended", reason: "binding" },
    ]);
    expect((await visit(sessions, client, look, at(FIREFOX))).result).toEqual([undefined, 0]);
    expect(store.traits.name).toBe("memory");
  });

  it("has a policy for each signal", async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto, binding: { userAgent: "end", address: "off" } });
    expect((await visit(sessions, client, look, at(FIREFOX, AWAY))).result).toEqual(["ann", 1]);
    expect(mismatches()).toEqual([]);
    expect((await visit(sessions, client, look, at(CHROME, AWAY))).result).toEqual([undefined, 0]);
  });

  it("is off when it is off", async () => {
    const { sessions, client, events } = await loggedIn({ crypto, binding: "off" });
    expect((await visit(sessions, client, look, at(CHROME, AWAY))).result).toEqual(["ann", 1]);
    expect(events).toEqual([]);
  });

  it("knows one network of each family: the other one is learned with a touch", async () => {
    const { sessions, client, runtime, mismatches } = await loggedIn({ crypto });
    await visit(sessions, client, look, at(FIREFOX, HOME_V6));
    runtime.clock.advance(120_000);
    await visit(sessions, client, look, at(FIREFOX, HOME_V6));
    await turn();
    await turn();
    expect((await sessions.list("ann"))[0]?.device?.networks).toEqual(["192.0.2.0/24", "2001:db8:7::/48"]);
    await visit(sessions, client, look, at(FIREFOX, HOME));
    expect(mismatches()).toEqual([]);
    await visit(sessions, client, look, at(FIREFOX, "2001:db8:8::1"));
    expect(mismatches()).toMatchObject([{ signals: ["address"] }]);
  });

  it("learns nothing from a device that differs", async () => {
    const { sessions, client, runtime } = await loggedIn({ crypto });
    runtime.clock.advance(120_000);
    await visit(sessions, client, look, at(CHROME, HOME_V6));
    await turn();
    expect((await sessions.list("ann"))[0]?.device).toEqual({
      browser: "Firefox",
      system: "Linux",
      networks: ["192.0.2.0/24"],
    });
  });

  it("does not mind where the platform hides the address", async () => {
    const { sessions, client, mismatches } = await loggedIn({ crypto, binding: "end" });
    const hidden = { ...at(FIREFOX), remoteAddress: undefined };
    expect((await visit(sessions, client, look, hidden)).result).toEqual(["ann", 1]);
    expect(mismatches()).toEqual([]);
  });

  it("holds for sealed cookies too", async () => {
    const events: SessionEvent[] = [];
    const runtime = createFakeRuntime({ crypto });
    const carrier = sealedCookie({ revocation: "none" });
    const onEvent = (event: SessionEvent) => void events.push(event);
    for (const [binding, seen] of [
      ["report", ["ann", 1]],
      ["step-up", ["ann", 0]],
      ["end", [undefined, 0]],
    ] as const) {
      const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {}, runtime, onEvent, binding });
      const told = String(sessions.policy());
      expect(told.includes("presented from another network: is no session there")).toBe(binding === "end");
      const client = createClient();
      await visit(sessions, client, (session) => session.login("ann"), at(FIREFOX));
      expect((await visit(sessions, client, look, at(FIREFOX_LATER))).result).toEqual(["ann", 1]);
      expect((await visit(sessions, client, look, at(CHROME))).result).toEqual(seen);
    }
    const outcomes = events.flatMap((event) => (event.type === "session.binding-mismatch" ? [event.outcome] : []));
    expect(outcomes).toEqual(["reported", "stepped-up", "ended"]);
    expect(events.at(-1)).toMatchObject({ type: "session.ended", reason: "binding" });
  });
});

describe("what cannot be bound", () => {
  it("is refused at construction", () => {
    const make = (binding: unknown) => () =>
      createSessions({ store: memoryStore(), env: {}, binding: binding as "off" });
    expect(make("maybe")).toThrow(/OPTIONS_INVALID: binding has an unknown value/);
    expect(make({ userAgent: "maybe" })).toThrow(/binding\.userAgent has an unknown value/);
    expect(make({ adress: "end" })).toThrow(/binding\.adress is not an option; did you mean address\?/);
    expect(make(null)).toThrow(/binding is null/);
  });
});

describe("a list of devices", () => {
  it("shows browser, system, network, times, and which one is mine", { tags: ["asvs-7.5.2"] }, async () => {
    const { sessions, runtime, events } = createWorld();
    const [laptop, phone] = [createClient(), createClient()];
    await visit(sessions, laptop, (session) => session.login("ann"), at(FIREFOX));
    runtime.clock.advance(60_000);
    await visit(sessions, phone, (session) => session.login("ann", { persistent: true }), at(CHROME, AWAY));
    expect(events.filter(({ type }) => type === "session.login")).toMatchObject([
      { userId: "ann", device: { browser: "Firefox", networks: ["192.0.2.0/24"] } },
      { userId: "ann", device: { browser: "Chrome", networks: ["203.0.113.0/24"] } },
    ]);
    const session = await sessions.load(requestOf({ cookie: phone.cookie, ...at(CHROME, AWAY) }));
    const [first, second] = await sessions.list("ann", session);
    expect(first).toMatchObject({
      device: { browser: "Firefox", system: "Linux", networks: ["192.0.2.0/24"] },
      current: false,
      persistent: false,
    });
    expect(second).toMatchObject({
      device: { browser: "Chrome", system: "Windows", networks: ["203.0.113.0/24"] },
      current: true,
      persistent: true,
      id: session.id,
    });
    expect((second?.createdAt.getTime() ?? 0) - (first?.createdAt.getTime() ?? 0)).toBe(60_000);
    expect((await sessions.list("ann")).map(({ current }) => current)).toEqual([false, false]);
    expect((await failure(sessions.list("ann", {} as typeof session))).code).toBe("ARGUMENT_INVALID");
  });
});
