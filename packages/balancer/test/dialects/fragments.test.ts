import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { linesOf, read } from "./reading.ts";

/** The files as their authors wrote them, byte for byte. */
const fragment = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), "utf8");
const NGINX = fragment("nginx-sticky-cookie.conf");
const HAPROXY = fragment("haproxy-balance-source.cfg");
const KUBERNETES = fragment("kubernetes-clientip.yaml");

describe("an NGINX fragment, as it stands", () => {
  const config = read(NGINX);
  const [pool] = config.snapshot.pools;

  it("is told by its content", () => expect(config.dialect).toBe("nginx"));

  it("writes NGINX's cookie", () => {
    expect(pool?.affinity).toEqual({
      kind: "cookie",
      formats: [
        {
          kind: "nginx",
          cookie: "srv_id",
          expires: 3_600,
          attributes: { domain: ".example.com", path: "/", secure: false, httpOnly: false },
        },
      ],
    });
  });

  it("goes round robin, judges by traffic, and sends what NGINX would send", () => {
    expect(pool).toMatchObject({
      name: "backend",
      balance: "round-robin",
      onDown: "move",
      health: { passive: { maxFails: 1, failTimeoutMs: 10_000 } },
      profile: {
        engine: "nginx",
        hostHeader: { literal: "backend" },
        forwardedHeaders: "none",
        reuseConnections: false,
        tries: 2,
        cancelOnAbort: true,
        timeouts: { connectMs: 60_000, responseMs: 60_000 },
      },
    });
    expect(pool?.health).not.toHaveProperty("active");
    expect(pool?.servers.map(({ name, host, port }) => [name, host, port])).toEqual([
      ["srv1.example.com", "srv1.example.com", 80],
      ["srv2.example.com", "srv2.example.com", 80],
    ]);
  });

  it.each([
    [true, 80],
    [false, 8_000],
  ])("listens where NGINX would, as root: %s", (runningAsRoot, port) => {
    const { listeners, notes } = read(NGINX, { runningAsRoot });
    expect(listeners).toEqual([{ host: "*", port }]);
    expect(notes.map((note) => note.message).join("\n")).toContain(`listens on *:${port}`);
  });

  it("listens where --listen says, without a word about the default", () => {
    const { listeners, notes } = read(NGINX, { listen: "127.0.0.1:0" });
    expect(listeners).toEqual([{ host: "127.0.0.1", port: 0 }]);
    expect(notes.map((note) => note.message).join("\n")).not.toContain("no listen");
  });

  it("makes one server of every address that --resolve gives a name", () => {
    const resolve = [
      "srv1.example.com=127.0.0.1:3001",
      "srv1.example.com:80=127.0.0.2:3001",
      "srv2.example.com=[::1]:3002",
    ];
    const both = read(NGINX, { resolve }).snapshot.pools[0];
    expect(both?.servers.map(({ name, address }) => [name, address])).toEqual([
      ["srv1.example.com@127.0.0.1:3001", "127.0.0.1"],
      ["srv1.example.com@127.0.0.2:3001", "127.0.0.2"],
      ["srv2.example.com", "::1"],
    ]);
    expect(both?.profile.tries).toBe(3);
  });
});

describe("a HAProxy fragment, as it stands", () => {
  const config = read(HAPROXY);
  const [pool] = config.snapshot.pools;

  it("chooses by source, checks by TCP from the first result on, and listens on loopback", () => {
    expect(config.dialect).toBe("haproxy");
    expect(config.listeners).toEqual([{ host: "127.0.0.1", port: 8_080 }]);
    expect(pool).toMatchObject({
      name: "webservers",
      affinity: { kind: "ip", prefixV4: 32, prefixV6: 128 },
      balance: "haproxy-source",
      health: {
        active: { kind: "tcp", intervalMs: 2_000, timeoutMs: 2_000, fall: 3, rise: 2, firstDecides: true },
        passive: { maxFails: 0 },
      },
      profile: { engine: "haproxy", hostHeader: "client", forwardedHeaders: "none", reuseConnections: true, tries: 1 },
    });
    expect(pool?.servers.map(({ name, host, port }) => [name, host, port])).toEqual([
      ["srv1", "192.168.1.10", 80],
      ["srv2", "192.168.1.11", 80],
    ]);
  });

  it("says where it differs", () => {
    const messages = config.notes.map((note) => note.message);
    expect(messages).toEqual([
      expect.stringContaining("HAProxy would forward it as TCP, Sojourn runs it as HTTP"),
      expect.stringContaining("lacks timeouts"),
      expect.stringContaining("Sojourn answers 503 at once"),
      expect.stringContaining("listens on 127.0.0.1:8080"),
    ]);
  });

  it("connects elsewhere for literal addresses, in the same positions", () => {
    const resolve = ["192.168.1.11:80=127.0.0.1:3002", "192.168.1.10:80=127.0.0.1:3001"];
    const { servers } = read(HAPROXY, { resolve }).snapshot.pools[0] ?? {};
    expect(servers?.map(({ name, address, port }) => [name, address, port])).toEqual([
      ["srv1", "127.0.0.1", 3001],
      ["srv2", "127.0.0.1", 3002],
    ]);
  });
});

describe("a Kubernetes Service without a name, as it stands", () => {
  it("remembers clients by IP for three hours", () => {
    const config = read(KUBERNETES, { endpoints: ["10.1.0.4:8080", "[fd00::2]:8080"] });
    expect(config.dialect).toBe("kubernetes");
    expect(config.listeners).toEqual([{ host: "127.0.0.1", port: 8_080 }]);
    expect(config.snapshot.pools[0]).toMatchObject({
      name: "service",
      affinity: { kind: "ip", prefixV4: 32, prefixV6: 128, rememberMs: 10_800_000 },
      balance: "rendezvous",
      boundWindowMs: 10_800_000,
      profile: { engine: "kubernetes", hostHeader: "client", forwardedHeaders: "none" },
    });
    expect(config.snapshot.pools[0]?.servers).toMatchObject([
      { name: "10.1.0.4:8080", identity: "10.1.0.4:8080", address: "10.1.0.4", port: 8_080 },
      { name: "[fd00::2]:8080", identity: "[fd00::2]:8080", address: "fd00::2", port: 8_080 },
    ]);
    expect(config.notes.map((note) => note.message).join("\n")).toContain("Sojourn runs it as HTTP");
  });

  it("asks for the addresses that it cannot know", () => {
    expect(linesOf(KUBERNETES)).toEqual([expect.stringMatching(/^f:1:1 CONFIG_NO_ENDPOINTS: .*--endpoints ADDR:PORT/)]);
  });
});
