import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BROWSERS, describeDevice, SYSTEMS } from "../../src/record/device.ts";
import { clientAddress, networkOf } from "../../src/request/client-address.ts";
import { createDeviceReader } from "../../src/request/device.ts";
import { externalOrigin } from "../../src/request/origin.ts";
import { remember } from "../../src/request/remember.ts";
import { createTrust } from "../../src/request/trust.ts";
import { agentOf } from "../../src/request/user-agent.ts";
import { requestOf } from "../engine/support.ts";

const MOZILLA = "Mozilla/5.0";
const KHTML = "(KHTML, like Gecko)";

describe("the family of a browser and its system", () => {
  it.each([
    [
      "Chrome",
      "Windows",
      `${MOZILLA} (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 ${KHTML} Chrome/142.0.0.0 Safari/537.36`,
    ],
    [
      "Edge",
      "Windows",
      `${MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 ${KHTML} Chrome/142.0 Safari/537.36 Edg/142.0`,
    ],
    ["Firefox", "Linux", `${MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`],
    [
      "Safari",
      "macOS",
      `${MOZILLA} (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 ${KHTML} Version/26.0 Safari/605.1.15`,
    ],
    [
      "Safari",
      "iOS",
      `${MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 ${KHTML} Version/19.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      "Chrome",
      "iOS",
      `${MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 ${KHTML} CriOS/142.0 Mobile/15E148 Safari/604.1`,
    ],
    [
      "Samsung Internet",
      "Android",
      `${MOZILLA} (Linux; Android 15; SM-S931B) AppleWebKit/537.36 ${KHTML} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36`,
    ],
    [
      "Opera",
      "Android",
      `${MOZILLA} (Linux; Android 15) AppleWebKit/537.36 ${KHTML} Chrome/140.0 Mobile Safari/537.36 OPR/92.0`,
    ],
    [
      "Chrome",
      "ChromeOS",
      `${MOZILLA} (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 ${KHTML} Chrome/142.0 Safari/537.36`,
    ],
    ["a program", "other", "curl/8.5.0"],
    ["other", "other", "telepathy"],
    ["none", "none", " "],
  ])("%s on %s", (browser, system, userAgent) => {
    const agent = agentOf(userAgent);
    expect([BROWSERS[agent.browser], SYSTEMS[agent.system]]).toEqual([browser, system]);
  });

  it("is the same for every version", () => {
    fc.assert(
      fc.property(fc.nat(999), fc.nat(99), (major, minor) => {
        const text = `${MOZILLA} (Windows NT 10.0) AppleWebKit/537.36 ${KHTML} Chrome/${major}.${minor} Safari/537.36`;
        expect(agentOf(text)).toEqual({ browser: 2, system: 2 });
      }),
    );
  });

  it("takes any text, however long", () => {
    fc.assert(fc.property(fc.string({ maxLength: 2_000 }), (text) => void agentOf(text)));
    expect(agentOf("x".repeat(100_000))).toEqual({ browser: 1, system: 1 });
  });

  it("keeps the places of its names: records hold them", () => {
    expect(BROWSERS.slice(0, 12)).toEqual([
      "none",
      "other",
      "Chrome",
      "Firefox",
      "Safari",
      "Edge",
      "Opera",
      "Samsung Internet",
      "Vivaldi",
      "Yandex",
      "Internet Explorer",
      "a program",
    ]);
    expect(SYSTEMS.slice(0, 8)).toEqual(["none", "other", "Windows", "macOS", "iOS", "Android", "ChromeOS", "Linux"]);
  });
});

describe("the client's address", () => {
  const trusts = createTrust(["10.0.0.0/8", "2001:db8:1::/48"]);
  const from = (remoteAddress: string | undefined, forwarded?: string) =>
    clientAddress(
      requestOf({ remoteAddress, headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded } }),
      trusts,
    );

  it.each([
    ["the peer, when it is no proxy of ours", "192.0.2.7", "203.0.113.5", "192.0.2.7"],
    ["what the nearest proxy says", "10.0.0.5", "203.0.113.5", "203.0.113.5"],
    ["the last that is none of ours", "10.0.0.5", "198.51.100.1, 203.0.113.5, 10.1.1.1", "203.0.113.5"],
    ["the first hop, when all are ours", "10.0.0.5", "10.3.3.3, 10.1.1.1", "10.3.3.3"],
    ["the proxy, when it says nothing", "10.0.0.5", undefined, "10.0.0.5"],
    ["the same over IPv6", "2001:db8:1::5", "2001:db8:2::9", "2001:db8:2::9"],
    ["a dual-stack peer as IPv4", "::ffff:10.0.0.5", "203.0.113.5", "203.0.113.5"],
    ["nothing, where the platform hides the peer", undefined, "203.0.113.5", undefined],
  ])("is %s", (_, peer, forwarded, client) => {
    expect(from(peer, forwarded)).toBe(client);
  });

  it("never comes from the left of what a proxy of ours appended", () => {
    const address = fc.ipV4();
    fc.assert(
      fc.property(fc.array(fc.oneof(address, fc.string()), { maxLength: 4 }), (claims) => {
        expect(from("10.0.0.5", [...claims, "203.0.113.5", "10.0.0.9"].join(", "))).toBe("203.0.113.5");
      }),
    );
  });
});

describe("forwarding headers of any length", () => {
  const trusts = createTrust(["10.0.0.0/8"]);
  const chain = (hops: number) => Array.from({ length: hops }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(", ");
  const sent = (forwardedFor: string) =>
    requestOf({
      remoteAddress: "10.0.0.5",
      encrypted: false,
      headers: { "x-forwarded-for": forwardedFor, "x-forwarded-proto": "https", "x-forwarded-host": "evil.test" },
    });

  it("are walked for 32 entries and no further", () => {
    for (const text of [chain(10_000), `203.0.113.5, ${chain(10_000)}`, ",".repeat(100_000)]) {
      let asked = 0;
      const counting = (address: string) => ++asked > 0 && trusts(address);
      clientAddress(sent(text), counting);
      externalOrigin(sent(text), counting);
      expect(asked).toBeLessThanOrEqual(2 * 33);
    }
  });

  it("that name more trusted proxies than that are not believed at all", () => {
    const [most, over] = [`203.0.113.5, ${chain(31)}`, `203.0.113.5, ${chain(32)}`];
    expect([clientAddress(sent(most), trusts), externalOrigin(sent(most), trusts)]).toEqual([
      "203.0.113.5",
      { scheme: "https", host: "evil.test" },
    ]);
    expect([clientAddress(sent(over), trusts), externalOrigin(sent(over), trusts)]).toEqual([
      "10.0.0.5",
      { scheme: "http", host: "shop.example.com" },
    ]);
    expect(clientAddress(sent(chain(32)), trusts)).toBe("10.0.0.0");
    expect(clientAddress(sent(chain(33)), trusts)).toBe("10.0.0.5");
  });

  it("whose entries are longer than any address are compared with none", () => {
    const asked: number[] = [];
    clientAddress(sent("1".repeat(100_000)), (address) => asked.push(address.length) > 0 && trusts(address));
    expect(Math.max(...asked)).toBeLessThan(65);
  });
});

describe("the network of an address", () => {
  it.each([
    ["192.0.2.7", "192.0.2.0/24"],
    ["255.255.255.255", "255.255.255.0/24"],
    ["203.0.113.5:4711", "203.0.113.0/24"],
    ["::ffff:192.0.2.7", "192.0.2.0/24"],
    ["2001:db8:7:1::9", "2001:db8:7::/48"],
    ["[2001:db8:7:1::9]:443", "2001:db8:7::/48"],
    ["ffff:ffff:ffff::", "ffff:ffff:ffff::/48"],
    ["::1", "0:0:0::/48"],
    ["unknown", undefined],
    ["", undefined],
    ["10.1", undefined],
  ])("%s is in %s", (address, network) => {
    const { ipv4, ipv6 } = { ipv4: undefined, ipv6: undefined, ...networkOf(address) };
    expect(describeDevice({ browser: 0, system: 0, ipv4, ipv6 }).networks).toEqual(
      network === undefined ? [] : [network],
    );
  });

  it("takes any text", () => {
    fc.assert(fc.property(fc.string(), (text) => void networkOf(text)));
  });
});

describe("what a request shows of its device", () => {
  it("is its browser, its system and its network", () => {
    const deviceOf = createDeviceReader(createTrust([]));
    const userAgent = `${MOZILLA} (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0`;
    const device = deviceOf(requestOf({ remoteAddress: "192.0.2.7", headers: { "user-agent": userAgent } }));
    expect(describeDevice(device)).toEqual({ browser: "Firefox", system: "Linux", networks: ["192.0.2.0/24"] });
    expect(describeDevice(deviceOf(requestOf({ remoteAddress: undefined })))).toEqual({
      browser: "none",
      system: "none",
      networks: [],
    });
  });
});

describe("what is remembered", () => {
  it("is worked out once", () => {
    let asked = 0;
    const length = remember((text) => {
      asked++;
      return text.length;
    });
    expect([length("abc"), length("abc"), length("")]).toEqual([3, 3, 0]);
    expect(asked).toBe(2);
  });

  it("takes bounded memory: long questions and many of them are asked anew", () => {
    let asked = 0;
    const count = remember(() => ++asked);
    const long = "x".repeat(513);
    expect([count(long), count(long)]).toEqual([1, 2]);
    for (let i = 0; i < 4_096; i++) count(`question ${i}`);
    const before = asked;
    count("question 0");
    expect(asked).toBe(before);
    count("one more");
    count("question 0");
    expect(asked).toBe(before + 2);
  });
});
