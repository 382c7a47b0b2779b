import { SojournError } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { allProblems, configFromFlags, type FlagOptions, parseConfig } from "../../src/dialects/index.ts";

const SERVERS = ["shop-1=http://127.0.0.1:3001", "shop-2=http://127.0.0.1:3002"];

function refusals(flags: Partial<FlagOptions>): string[] {
  try {
    configFromFlags({ servers: SERVERS, ...flags });
  } catch (error) {
    if (error instanceof SojournError) return allProblems(error).map((problem) => problem.toLine());
    throw error;
  }
  throw new Error("these flags were accepted");
}

describe("configFromFlags", () => {
  it("is what a file with the same content says", () => {
    const file = `
listen: 127.0.0.1:8080
pools: { default: { servers: { shop-1: "http://127.0.0.1:3001", shop-2: "http://127.0.0.1:3002" } } }`;
    expect(configFromFlags({ servers: SERVERS })).toEqual(parseConfig(file, { file: "f" }));
  });

  it.each([
    ["cookie", { kind: "cookie", formats: [{ cookie: "sojourn_affinity" }] }, "least-connections"],
    ["cookie:at", { kind: "cookie", formats: [{ cookie: "at" }] }, "least-connections"],
    ["ip", { kind: "ip" }, "rendezvous"],
    ["header:X-Session-ID", { kind: "header", name: "X-Session-ID" }, "rendezvous"],
    ["none", { kind: "none" }, "least-connections"],
  ])("reads --affinity %s", (affinity, spec, balance) => {
    expect(configFromFlags({ servers: SERVERS, affinity }).snapshot.pools[0]).toMatchObject({
      affinity: spec,
      balance,
    });
  });

  it("takes --balance, --listen, --admin and --resolve", () => {
    const flags = { balance: "round-robin", listen: "127.0.0.1:0", admin: "127.0.0.1:1", resolve: ["app=127.0.0.1:9"] };
    const config = configFromFlags({ servers: ["a=http://app:80"], ...flags });
    expect(config.snapshot.pools[0]?.balance).toBe("round-robin");
    expect(config.listeners).toEqual([{ host: "127.0.0.1", port: 0 }]);
    expect(config.admin).toEqual({ host: "127.0.0.1", port: 1 });
    expect(config.snapshot.pools[0]?.servers).toMatchObject([{ address: "127.0.0.1", port: 9 }]);
  });

  it.each<[Partial<FlagOptions>, RegExp]>([
    [
      { affinity: "cooky" },
      /^FLAG_INVALID: --affinity "cooky" is not usable: it is no affinity; did you mean cookie\?/,
    ],
    [
      { affinity: "header" },
      /^FLAG_INVALID: --affinity "header" .*choose cookie, cookie:NAME, ip, header:NAME or none/,
    ],
    [{ affinity: "header:a b" }, /^CONFIG_VALUE_INVALID: --affinity.header is "a b"/],
    [{ affinity: "cookie:" }, /^FLAG_INVALID: --affinity "cookie:"/],
    [{ affinity: "ip:24" }, /^FLAG_INVALID: --affinity "ip:24"/],
    [{ affinity: "cookie:a b" }, /^COOKIE_NAME_INVALID/],
    [
      { affinity: "app-cookie:JSESSIONID" },
      /^CONFIG_UNSUPPORTED: --affinity: affinity by the application's own cookie/,
    ],
    [{ balance: "leastconn" }, /^FLAG_INVALID: --balance "leastconn" .*did you mean least-connections\?/],
    [{ balance: "fastest" }, /^FLAG_INVALID: --balance "fastest" .*choose rendezvous, round-robin/],
    [
      { affinity: "ip", balance: "round-robin" },
      /^CONFIG_CONTRADICTION: --balance: round-robin gives no lasting place/,
    ],
    [{ servers: [] }, /^CONFIG_NO_SERVERS: .*give --server NAME=URL/],
    [
      { servers: ["http://h:1"] },
      /^FLAG_INVALID: --server "http:\/\/h:1" is not usable: it has no name; write NAME=URL/,
    ],
    [{ servers: ["a=ftp://h"] }, /^CONFIG_VALUE_INVALID: --server a is "ftp:\/\/h", which is not an http/],
    [{ servers: ["a=http://h", "a=http://i"] }, /^CONFIG_NAME_DOUBLED: the server a is given twice/],
    [{ servers: ["a/b=http://h"] }, /^CONFIG_VALUE_INVALID: a name is "a\/b"/],
    [{ listen: "nowhere" }, /^(CONFIG_VALUE_INVALID: --listen|FLAG_INVALID: --listen)/],
    [{ resolve: ["x=127.0.0.1:1"] }, /^RESOLVE_INVALID: --resolve x=127.0.0.1:1/],
  ])("refuses %j", (flags, line) => expect(refusals(flags)[0]).toMatch(line));

  it("refuses a server called like a part of every object", () => {
    expect(configFromFlags({ servers: ["constructor=http://h:1"] }).snapshot.pools[0]?.servers[0]?.name).toBe(
      "constructor",
    );
    expect(refusals({ servers: ["__proto__=http://h:1"] })[0]).toMatch(/^(FLAG_INVALID|CONFIG_VALUE_INVALID)/);
  });
});
