import { describe, expect, it } from "vitest";
import { plainAddress, trustedProxies } from "../../../src/plane/policy/client-address.ts";

describe("trustedProxies", () => {
  const proxies = trustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

  it.each([
    ["10.1.2.3", true],
    ["11.1.2.3", false],
    ["192.0.2.7", true],
    ["192.0.2.8", false],
    ["2001:db8::5", true],
    ["2001:db9::5", false],
    ["::ffff:10.1.2.3", true],
    ["", false],
    ["garbage", false],
  ])("trusts %s: %s", (address, expected) => {
    expect(proxies.trusts(address)).toBe(expected);
  });

  it.each([
    ["6.6.6.6", "6.6.6.6", "6.6.6.6"],
    ["1.1.1.1, 6.6.6.6, 10.0.0.1", "6.6.6.6", "6.6.6.6, 10.0.0.1"],
    ["10.0.0.2, 10.0.0.1", "10.0.0.2", "10.0.0.2, 10.0.0.1"],
    ["6.6.6.6:1234, [2001:db8::1]:99", "6.6.6.6", "6.6.6.6, 2001:db8::1"],
    ["6.6.6.6, unknown, 10.0.0.1", "10.0.0.1", "10.0.0.1"],
    ["2001:DB9::1", "2001:db9::1", "2001:db9::1"],
    ["::ffff:6.6.6.6", "6.6.6.6", "6.6.6.6"],
  ])("finds the client in %s", (value, client, chain) => {
    expect(proxies.walk(value)).toEqual({ client, chain });
  });

  it.each(["", "unknown", "_hidden", "6.6.6", "0x7f.1", "a b", "fe80::1%eth0", "6.6.6.6\u00e9"])(
    "takes %j for no address",
    (value) => {
      expect(proxies.walk(value)).toBeUndefined();
    },
  );

  it("trusts nobody by default, and refuses what is no address", () => {
    expect(trustedProxies([]).trusts("127.0.0.1")).toBe(false);
    expect(() => trustedProxies(["10.0.0.0/40"])).toThrow();
    expect(() => trustedProxies(["proxy.example"])).toThrow();
  });
});

it("gives a client one spelling on dual-stack listeners", () => {
  expect(plainAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(plainAddress("::ffff:0:1")).toBe("::ffff:0:1");
  expect(plainAddress("2001:db8::1")).toBe("2001:db8::1");
});
