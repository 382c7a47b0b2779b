import { createFakeRuntime } from "@sojourn/core/testing";
import type { AuditEntry, SessionEvent, Telemetry } from "@sojourn/session";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, expect, it } from "vitest";
import { createEmitter, type Emit } from "../../src/emitter.ts";
import { createClient, createWorld, failure, requestOf, type Shop, turn, visit } from "../engine/support.ts";

/** Traces nothing. */
const silent: Pick<Telemetry, "trace"> = { trace: (_operation, work) => work() };

describe("events", () => {
  it("reach the audit, telemetry and the application's listener, each in order; touches are no matter for an audit", async () => {
    const heard: [string, string, string][] = [];
    const hear = (who: string, { type }: { type: string }, at: string) => void heard.push([who, type, at]);
    const world = createWorld({
      audit: { write: (entry) => hear("audit", entry, entry.at) },
      telemetry: { ...silent, event: (event) => hear("telemetry", event, new Date(event.atMs).toISOString()) },
      onEvent: (event) => hear("onEvent", event, new Date(event.atMs).toISOString()),
    });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    world.runtime.clock.advance(61_000);
    await visit(world.sessions, client, (s) => s.get("theme"));
    await world.runtime.settled();
    await visit(world.sessions, client, (s) => s.logout());
    const of = (who: string) => heard.filter(([each]) => each === who).map(([, type, at]) => `${at} ${type}`);
    expect(of("onEvent")).toEqual([
      "2026-01-01T00:00:00.000Z session.created",
      "2026-01-01T00:00:00.000Z session.login",
      "2026-01-01T00:01:01.000Z session.touched",
      "2026-01-01T00:01:01.000Z session.ended",
    ]);
    expect(of("telemetry")).toEqual(of("onEvent"));
    expect(of("audit")).toEqual(of("onEvent").filter((line) => !line.includes("touched")));
  });

  it("are heard in order by all, even if the application's listener makes the next one at once", () => {
    const heard: string[] = [];
    const runtime = createFakeRuntime();
    const hear = (who: string) => (type: string) => void heard.push(`${who} ${type}`);
    const emit: Emit = createEmitter(
      {
        audit: { write: ({ type }) => hear("audit")(type) },
        telemetry: { ...silent, event: ({ type }) => hear("telemetry")(type) },
        onEvent({ type }) {
          if (type === "session.reuse") emit({ type: "session.ended", id: "x", reason: "reuse" });
          hear("onEvent")(type);
        },
      },
      () => 0,
      runtime,
    );
    emit({ type: "session.reuse", id: "x" });
    const both = (who: string) => [`${who} session.reuse`, `${who} session.ended`];
    for (const who of ["audit", "telemetry"]) {
      expect(heard.filter((line) => line.startsWith(who))).toEqual(both(who));
    }
  });

  it("stand in the audit as plain entries with a date", async () => {
    const entries: AuditEntry[] = [];
    const world = createWorld({ audit: { write: (entry) => void entries.push(entry) } });
    const { result: id } = await visit(world.sessions, createClient(), async (s) => {
      await s.login("ada");
      await s.logout();
      return s.id;
    });
    expect(id).toBeUndefined();
    const at = "2026-01-01T00:00:00.000Z";
    const key = entries[0]?.type === "session.created" ? entries[0].id : "";
    expect(entries).toEqual([
      { at, type: "session.created", id: key },
      { at, type: "session.login", id: key, userId: "ada", device: expect.objectContaining({ browser: "none" }) },
      { at, type: "session.ended", id: key, reason: "logout" },
    ]);
    expect(JSON.parse(JSON.stringify(entries))).toEqual(entries);
  });

  it.each([
    ["throw", () => assertNever("boom sjk1.secret")],
    ["reject", () => Promise.reject(new TypeError("boom sjk1.secret"))],
  ])("listeners that %s fail no request and silence nobody else, and only a code is logged", async (_, broken) => {
    const heard: SessionEvent[] = [];
    const world = createWorld();
    const { store, runtime } = world;
    const audit = { write: broken };
    const make = (options: object) => createSessions<Shop>({ store, runtime, env: {}, ...options });
    for (const listeners of [
      { audit, onEvent: (event: SessionEvent) => void heard.push(event) },
      { telemetry: { ...silent, event: broken }, onEvent: (event: SessionEvent) => void heard.push(event) },
      { onEvent: broken },
    ]) {
      await visit(make(listeners), createClient(), (s) => s.set("theme", "x"));
    }
    await turn();
    expect(heard.map(({ type }) => type)).toEqual(["session.created", "session.created"]);
    const fields = { event: "session.created", error: "TypeError" };
    expect(runtime.lines).toEqual(
      ["audit.write", "telemetry.event", "onEvent"].map((name) => ({
        level: "error",
        message: `${name} threw`,
        fields,
      })),
    );
  });
});

describe("without telemetry", () => {
  /** Who is on the stack, and as whose method the store is called. */
  async function watched(options: { telemetry?: Telemetry }) {
    const stacks: string[] = [];
    const receivers: unknown[] = [];
    const inner = memoryStore();
    const store = {
      ...inner,
      read(this: unknown, key: string) {
        receivers.push(this);
        stacks.push(new Error("where").stack ?? "");
        return inner.read(key);
      },
    };
    const sessions = createSessions<Shop>({ store, env: {}, ...options });
    const client = createClient();
    await visit(sessions, client, (s) => s.login("ada"));
    await visit(sessions, client, (s) => s.get("theme"));
    return { stack: stacks.join("\n"), isStore: receivers.every((each) => each === store) };
  }

  it("nothing is wrapped: the engine calls the store that was given, and no code of telemetry is on the way", async () => {
    const { stack, isStore } = await watched({});
    expect(isStore).toBe(true);
    expect(stack).toContain("in-store/calls.ts");
    expect(stack).not.toContain("traced.ts");
    // What the assertion above would look like if something were.
    const measured = await watched({ telemetry: { ...silent, event: () => {} } });
    expect(measured.isStore).toBe(true);
    expect(measured.stack).toContain("traced.ts");
  });
});

describe("options", () => {
  it.each([
    [{ audit: {} }, /audit has no method write/],
    [{ audit: "audit.jsonl" }, /audit has no method write/],
    [{ telemetry: { event: () => {} } }, /telemetry has no method trace/],
    [{ telemetry: null }, /telemetry is null/],
  ])("%o is refused at construction", async (options, message) => {
    const make = async () => createSessions({ store: memoryStore(), env: {}, ...(options as object) });
    expect((await failure(make())).message).toMatch(message);
  });

  it("are used as they are: a method keeps its object", async () => {
    class Sink {
      readonly types: string[] = [];
      write({ type }: AuditEntry) {
        this.types.push(type);
      }
    }
    class Meter implements Telemetry {
      readonly names: string[] = [];
      trace: Telemetry["trace"];
      constructor() {
        this.trace = this.#trace;
      }
      #trace<T>(operation: { name: string }, work: () => T): T {
        this.names.push(operation.name);
        return work();
      }
      event() {
        this.names.push("event");
      }
    }
    const [audit, telemetry] = [new Sink(), new Meter()];
    const world = createWorld({ audit, telemetry });
    const loading = world.sessions.load(requestOf());
    expect(loading).not.toBeInstanceOf(Promise);
    await visit(world.sessions, createClient(), (s) => s.set("theme", "x"));
    expect(audit.types).toEqual(["session.created"]);
    expect(telemetry.names).toEqual(["session.load", "session.load", "session.commit", "store.write", "event"]);
  });
});

function assertNever(message: string): never {
  throw new TypeError(message);
}
