import { describe, expect, it } from "vitest";
import { addressKey } from "../../src/affinity/address-key.ts";

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
