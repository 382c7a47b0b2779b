import { describe, expect, it } from "vitest";
import { serverMap, sourceHash } from "../../src/hash/haproxy.ts";
import { socketMd5 } from "../../src/hash/nginx.ts";
import golden from "../golden/affinity.json" with { type: "json" };

describe("engines' own hashes", () => {
  it.each(Object.entries(golden.nginx_sticky_sid_md5hex))("NGINX calls %s %s", (socket, value) => {
    const [address = "", port = ""] = socket.split(":");
    expect(socketMd5(address, Number(port))).toBe(value);
  });

  it("NGINX writes IPv6 in brackets", () => {
    expect(socketMd5("::1", 8080)).toBe("1c2e56fe441d2a91a692b6e4ac8b5c9b");
    expect(socketMd5("::1", 8080)).not.toBe(socketMd5("[::1]", 8080));
  });

  it.each(Object.entries(golden.haproxy_source_hash_u32))("HAProxy reads %s as %i", (address, value) => {
    expect(sourceHash(address)).toBe(value);
  });

  it("has no number for what is no address", () => {
    expect(sourceHash("shop.example")).toBeUndefined();
    expect(sourceHash("")).toBeUndefined();
  });

  it.each(Object.entries(golden.haproxy_map))("HAProxy maps weights %s", (weights, map) => {
    expect(serverMap(JSON.parse(weights)).map((position) => position + 1)).toEqual(map);
  });

  it("spreads 1, 2, 3 as HAProxy does, divides by the common divisor and survives zeros", () => {
    expect(serverMap([100, 200, 300])).toEqual(serverMap([1, 2, 3]));
    expect(serverMap([1, 2, 3]).map((position) => position + 1)).toEqual([1, 3, 2, 3, 2, 3]);
    expect(serverMap([0, 5, 0])).toEqual([1]);
    expect(serverMap([0, 0])).toEqual([]);
    expect(serverMap([])).toEqual([]);
  });
});
