import { readFileSync } from "node:fs";
import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { createSessions, type Session, type Sessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { openTelemetry } from "@sojourn/session/otel";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { METRICS } from "../../src/observers/otel-meters.ts";
import { createClient, createWorld, failure, KEY_A, requestOf, type Shop, turn, visit } from "../engine/support.ts";
import { createSdk, keepContext } from "./sdk.ts";

beforeAll(keepContext);
afterEach(() => {
  trace.disable();
  metrics.disable();
});

function scene() {
  let nowMs = 0;
  const sdk = createSdk({ monotonic: () => nowMs });
  const world = createWorld({ telemetry: sdk.telemetry });
  return {
    sdk,
    world,
    client: createClient(),
    /** The store takes this long for every call. */
    slow(ms: number) {
      world.fault = async (_name, run) => {
        const done = await run();
        nowMs += ms;
        return done;
      };
    },
    wait(ms: number) {
      nowMs += ms;
      world.runtime.clock.advance(ms);
    },
  };
}

describe("spans", () => {
  it("stand under the active one, calls to the store under their operation", async () => {
    const { sdk, world, client } = scene();
    expect(
      await sdk.tree(() =>
        visit(world.sessions, client, async (s) => {
          await s.login("ada");
          s.set("theme", "x");
        }),
      ),
    ).toEqual([
      "session.load",
      "session.login",
      "  store.read",
      "  store.write",
      "  store.write",
      "  store.read",
      "session.commit",
      "  store.write",
    ]);
    expect(await sdk.tree(() => visit(world.sessions, client, (s) => s.get("theme")))).toEqual([
      "session.load",
      "  store.read",
    ]);
  });

  it("tell of what delays no response under the request that caused it", async () => {
    const { sdk, world, client, wait } = scene();
    await visit(world.sessions, client, (s) => s.login("ada"));
    wait(61_000);
    const tree = await sdk.tree(async () => {
      await visit(world.sessions, client, (s) => s.get("theme"));
      await world.runtime.settled();
    });
    expect(tree).toEqual(["session.load", "  store.read", "store.touch"]);
  });

  it.each([
    ["elevate", (s) => s.elevate(2)],
    ["rotate", (s) => s.rotate()],
    ["logout", (s) => s.logout()],
    ["commit", (s) => s.set("theme", "y")],

    ["end-others", (s, all) => all.endOthers(s)],
    ["end", (s, all) => all.end(s.id ?? "")],
    ["list", (_, all) => all.list("ada")],
    ["find", (s, all) => all.find(s.id ?? "")],
    ["revoke-user", (_, all) => all.revokeUser("ada")],
    ["revoke-all", (_, all) => all.revokeAll()],
    ["sweep", (_, all) => all.sweep()],
  ] satisfies [string, (s: Session<Shop>, all: Sessions<Shop>) => unknown][])(
    "are there for %s, with calls below",
    async (name, work) => {
      const { sdk, world, client } = scene();
      await visit(world.sessions, client, (s) => s.login("ada"));
      const session = await world.sessions.load(requestOf({ cookie: client.cookie }));
      const tree = await sdk.tree(async () => {
        await work(session, world.sessions);
        await world.sessions.commit(session);
      });
      expect(tree).toContain(`session.${name}`);
      expect(tree.filter((line) => line.startsWith("  store.")).length).toBeGreaterThan(0);
    },
  );

  it("name the session, and no user", async () => {
    const { sdk, world, client } = scene();
    const { result: id } = await visit(world.sessions, client, async (s) => {
      await s.login("ada");
      return s.id;
    });
    await visit(world.sessions, client, (s) => s.logout());
    const told = sdk.spans().map(({ name, attributes }) => [name, attributes]);
    expect(told).toContainEqual(["session.login", { "session.id": id }]);
    expect(told).toContainEqual(["session.load", { "session.id": id }]);
    expect(told).toContainEqual(["session.logout", { "session.id": id }]);
    const store = { "sojourn.store.name": "memory", "sojourn.store.outcome": "done" };
    expect(told).toContainEqual(["store.write", { ...store, "session.id": id }]);
    // The user's record, whose key is made of the user's id, stays nameless.
    expect(told).toContainEqual(["store.write", store]);
    expect(JSON.stringify(told)).not.toContain("u.");
  });

  it("end with an error's code and nothing else of it", async () => {
    const { sdk, world, client } = scene();
    await visit(world.sessions, client, (s) => s.login("ada"));
    world.fault = async () => {
      throw new Error("could not read SECRET");
    };
    expect((await failure(visit(world.sessions, client))).code).toBe("SESSION_STORE_DOWN");
    const failed = sdk.spans().slice(-2);
    expect(failed.map(({ name }) => name)).toEqual(["store.read", "session.load"]);
    for (const { status, attributes, events } of failed) {
      expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "SESSION_STORE_DOWN" });
      expect(attributes["error.type"]).toBe("SESSION_STORE_DOWN");
      expect(events).toEqual([]);
    }
  });

  it("of a store that does not answer end at its deadline", async () => {
    const { sdk, world, client, wait } = scene();
    await visit(world.sessions, client, (s) => s.login("ada"));
    world.fault = () => new Promise(() => {});
    const visiting = failure(visit(world.sessions, client));
    await turn();
    const before = sdk.spans().length;
    wait(2_000);
    await visiting;
    expect(
      sdk
        .spans()
        .slice(before)
        .map(({ name }) => name),
    ).toEqual(["store.read", "session.load"]);
    expect(await sdk.series()).toContainEqual(expect.stringMatching(/^sojourn\.store\.duration\{.*failed.*\} 2 in 1$/));
  });

  it("are there for sessions in cookies too", async () => {
    const sdk = createSdk();
    const carrier = sealedCookie({ revocation: "none" });
    const sessions = createSessions<Shop>({ carrier, keys: KEY_A, env: {}, telemetry: sdk.telemetry });
    const tree = await sdk.tree(() =>
      visit(sessions, createClient(), async (s) => {
        await s.login("ada");
        s.set("theme", "x");
      }),
    );
    expect(tree).toEqual(["session.load", "session.login", "session.commit"]);
  });
});

describe("metrics", () => {
  it("count events by type and reason", async () => {
    const { sdk, world, client } = scene();
    await visit(world.sessions, client, (s) => s.login("ada"));
    await visit(world.sessions, createClient(), (s) => s.login("ada"));
    await visit(world.sessions, client, (s) => s.logout());
    const events = (await sdk.series()).filter((line) => line.startsWith("sojourn.session.events"));
    expect(events).toEqual([
      "sojourn.session.events{sojourn.event.type=session.created} 2",
      "sojourn.session.events{sojourn.event.type=session.login} 2",
      "sojourn.session.events{sojourn.event.type=session.ended,sojourn.event.reason=logout} 1",
    ]);
  });

  it("time the store's calls in seconds, by operation and outcome", async () => {
    const { sdk, world, client, slow } = scene();
    slow(20);
    await visit(world.sessions, client, (s) => s.set("theme", "x"));
    const [a, b] = await Promise.all(
      [world.sessions, world.another()].map((sessions) => sessions.load(requestOf({ cookie: client.cookie }))),
    );
    a?.push("cart", "a");
    b?.push("cart", "b");
    await a?.commit();
    await b?.commit();
    const calls = (await sdk.series()).filter((line) => line.startsWith("sojourn.store.duration"));
    const series = (operation: string, outcome: string, value: string) =>
      `sojourn.store.duration{sojourn.store.name=memory,sojourn.store.operation=${operation},sojourn.store.outcome=${outcome}} ${value}`;
    expect(calls.map((line) => line.replace(/} [\d.]+ in/, "} S in"))).toEqual([
      series("write", "done", "S in 3"),
      series("read", "done", "S in 3"),
      // The second commit was replayed once.
      series("write", "conflict", "S in 1"),
    ]);
    expect(calls.at(-1)).toContain("} 0.02 in 1");
  });

  it("count failures by code, and tell while a store is down", async () => {
    const { sdk, world, client } = scene();
    const down = async () => (await sdk.series()).filter((line) => line.startsWith("sojourn.store.down"));
    await visit(world.sessions, client, (s) => s.login("ada"));
    expect(await down()).toEqual(["sojourn.store.down{} 0"]);
    world.fault = async () => {
      throw new Error("down");
    };
    await failure(visit(world.sessions, client));
    await failure(visit(world.sessions, client));
    expect(await down()).toEqual(["sojourn.store.down{} 1"]);
    world.fault = undefined;
    await visit(world.sessions, client);
    expect(await down()).toEqual(["sojourn.store.down{} 0"]);
    expect(await sdk.series()).toContain(
      "sojourn.session.failures{sojourn.operation=session.load,error.type=SESSION_STORE_DOWN} 2",
    );
  });

  it("are those of the reference, both ways", async () => {
    const page = readFileSync(new URL("../../../../docs/reference/metrics.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(sojourn\.[\w.]+)` \| (\w+) \| (\S+) \| ([^|]*) \| (.*) \|$/gm)];
    expect(rows.map(([, ...cells]) => cells)).toEqual(
      Object.values(METRICS).map(({ name, type, unit, attributes, description }) => [
        name,
        type,
        unit,
        attributes.map((each) => `\`${each}\``).join(", "),
        description,
      ]),
    );
  });
});

describe("openTelemetry", () => {
  it("takes the SDK that is registered before the first request", async () => {
    const telemetry = openTelemetry();
    const world = createWorld({ telemetry });
    const sdk = createSdk();
    const { tracerProvider, meterProvider } = sdk;
    trace.setGlobalTracerProvider(tracerProvider);
    metrics.setGlobalMeterProvider(meterProvider);
    await visit(world.sessions, createClient(), (s) => s.set("theme", "x"));
    expect(sdk.spans().map(({ name }) => name)).toEqual(["session.load", "store.write", "session.commit"]);
    expect(await sdk.series()).toContain("sojourn.session.events{sojourn.event.type=session.created} 1");
  });

  it("changes nothing without an SDK: what needs no promise gives none", async () => {
    const world = createWorld({ telemetry: openTelemetry() });
    expect(world.sessions.load(requestOf())).not.toBeInstanceOf(Promise);
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    expect((await visit(world.sessions, client, (s) => s.userId)).result).toBe("ada");
  });

  it.each(["onStart", "onEnd", "getMeter"])("fails no request with an SDK that throws in %s", async (where) => {
    let thrown = 0;
    const broken = (at: string) => () => {
      if (at !== where) return undefined;
      thrown++;
      throw new Error("SDK");
    };
    const nothing = async () => {};
    const processor = { onStart: broken("onStart"), onEnd: broken("onEnd"), forceFlush: nothing, shutdown: nothing };
    const tracerProvider = new BasicTracerProvider({ spanProcessors: [processor] });
    const noop = metrics.getMeter("none");
    const meterProvider = { getMeter: () => broken("getMeter")() ?? noop };
    const world = createWorld({ telemetry: openTelemetry({ tracerProvider, meterProvider }) });
    const client = createClient();
    await visit(world.sessions, client, (s) => s.login("ada"));
    expect((await visit(world.sessions, client, (s) => s.userId)).result).toBe("ada");
    expect(thrown).toBeGreaterThan(0);
  });
});
