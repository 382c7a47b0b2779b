import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressKey } from "../../src/affinity/address-key.ts";
import { createClientAddresses } from "../../src/affinity/client-address.ts";

describe("the client's address behind proxies", () => {
  const { resolve, trusts } = createClientAddresses(["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::ffff:172.16.0.0/108"]);

  it.each<[string, string | undefined, string]>([
    ["203.0.113.5", "1.1.1.1", "203.0.113.5"],
    ["10.0.0.1", undefined, "10.0.0.1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["10.0.0.1", "6.6.6.6, 203.0.113.5", "203.0.113.5"],
    ["10.0.0.1", "6.6.6.6, 203.0.113.5, 10.0.0.2 ,192.0.2.7", "203.0.113.5"],
    ["10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9"],
    ["10.0.0.1", "203.0.113.5:4711", "203.0.113.5"],
    ["10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"],
    ["10.0.0.1", "2001:DB8:0::1", "2001:db8::1"],
    ["10.0.0.1", "::ffff:203.0.113.5", "203.0.113.5"],
    ["::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"],
    ["fd12::1", "203.0.113.5", "203.0.113.5"],
    ["172.16.3.4", "203.0.113.5", "203.0.113.5"],
    ["10.0.0.1", "203.0.113.5, unknown, 10.0.0.2", "10.0.0.2"],
    ["10.0.0.1", "203.0.113.5, 1.2.3", "10.0.0.1"],
    ["10.0.0.1", "0x7f.1", "10.0.0.1"],
    ["10.0.0.1", "[203.0.113.5]", "10.0.0.1"],
    ["10.0.0.1", `${"x".repeat(70_000)}`, "10.0.0.1"],
    ["10.0.0.1", "203.0.113.5,", "10.0.0.1"],
  ])("%s saying %j is %s", (peer, forwardedFor, client) => {
    expect(resolve(peer, forwardedFor)).toBe(client);
  });

  it("trusts nobody by default, and then looks at nothing", () => {
    const nobody = createClientAddresses([]);
    expect(nobody.resolve("10.0.0.1", "203.0.113.5")).toBe("10.0.0.1");
    expect(nobody.trusts("127.0.0.1")).toBe(false);
    expect([trusts("10.1.2.3"), trusts("11.1.2.3"), trusts("nonsense"), trusts("")]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it.each(["10.0.0.0/33", "shop", "", "1.2.3.4/x", "::/129"])("refuses %j as a range", (range) => {
    expect(() => createClientAddresses([range])).toThrow("TRUSTED_PROXY_INVALID");
  });

  it("a client cannot invent an address through a proxy that is trusted", () => {
    const ip = fc.ipV4();
    fc.assert(
      fc.property(fc.array(fc.oneof(ip, fc.string()), { maxLength: 5 }), (invented) => {
        expect(resolve("10.0.0.1", [...invented, "203.0.113.5"].join(", "))).toBe("203.0.113.5");
      }),
    );
  });
});

describe("the key of an address", () => {
  it.each<[string, number, number, string]>([
    ["198.51.100.9", 32, 64, "198.51.100.9"],
    ["198.51.100.9", 24, 64, "198.51.100.0"],
    ["198.51.100.9", 20, 64, "198.51.96.0"],
    ["198.51.100.9", 0, 64, "0.0.0.0"],
    ["::ffff:198.51.100.9", 24, 64, "198.51.100.0"],
    ["not an address", 24, 64, "not an address"],
  ])("%s at /%i is %s", (address, v4, v6, key) => {
    expect(addressKey(address, v4, v6)).toBe(key);
  });

  it("counts a /64 as one client, and spells each address one way", () => {
    const key = (address: string, bits = 64) => addressKey(address, 32, bits);
    expect(key("2001:db8:0:1::5")).toBe(key("2001:db8:0:1:ffff::9"));
    expect(key("2001:db8:0:1::5")).not.toBe(key("2001:db8:0:2::5"));
    expect(key("2001:db8:0:1::5", 128)).not.toBe(key("2001:db8:0:1::6", 128));
    expect(key("2001:0DB8:0:1::5", 128)).toBe(key("2001:db8:0:1:0:0:0:5", 128));
    expect(key("::ffff:1.2.3.4")).toBe("1.2.3.4");
  });
});
