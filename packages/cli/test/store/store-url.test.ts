import { describe, expect, it } from "vitest";
import { readServers, readStoreUrl, withoutSecrets } from "../../src/store/store-url.ts";

describe("a store's URL", () => {
  it.each([
    ["shop.db", undefined, "shop.db"],
    ["sqlite:/var/shop.db", "sqlite", "sqlite:/var/shop.db"],
    ["REDIS://ada:hush@h:1/2?x=hush#y", "redis", "REDIS://h:1/2"],
    ["redis://:hu@sh@h", "redis", "redis://h"],
    ["postgres://ada@h,g/db?password=hush", "postgres", "postgres://h,g/db"],
  ])("%s is shown without secrets", (text, scheme, shown) => {
    expect(readStoreUrl(text)).toMatchObject({ scheme, shown });
  });

  it("names its servers", () => {
    const read = (text: string) => readServers(readStoreUrl(text), 6379);
    expect(read("redis+sentinel://a%40b:p%3A%2Fw@one,[::1]:7/main")).toEqual({
      hosts: [
        { host: "one", port: 6379 },
        { host: "::1", port: 7 },
      ],
      username: "a@b",
      password: "p:/w",
      path: "main",
    });
    expect(read("redis://h")).toEqual({ hosts: [{ host: "h", port: 6379 }], path: "" });
  });

  it("is taken out of what a client says of it", () => {
    const url = readStoreUrl("postgres://ada:hush%20hush@h/db?password=tell");
    const said = `Invalid URL ${url.text}: hush%20hush, "hush hush", ?password=tell, tell`;
    expect(withoutSecrets(said, url)).toBe('Invalid URL …: …, "…", ?…, …');
    expect(withoutSecrets("no such host h", readStoreUrl("redis://h"))).toBe("no such host h");
  });
});
