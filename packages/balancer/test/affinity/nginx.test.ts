import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createNginxCookie, nginxCookieValue } from "../../src/affinity/nginx-cookie.ts";
import { socketMd5 } from "../../src/hash/nginx.ts";
import type { AffinitySpec, NginxStamp } from "../../src/model.ts";
import { bench, pool, refuse, STAMP, server } from "../decide/bench.ts";

const SRV: NginxStamp = {
  kind: "nginx",
  cookie: "srv_id",
  expires: 3_600,
  attributes: { domain: ".example.com", path: "/", secure: false, httpOnly: false },
};
const NGINX: AffinitySpec = { kind: "cookie", formats: [SRV] };
const servers = [
  server("a", { address: "10.0.0.1", port: 80 }),
  server("b", { address: "10.0.0.2", port: 80 }),
  server("c", { address: "10.0.0.3", port: 80 }),
];
const base = pool({ affinity: NGINX, servers, health: { passive: { maxFails: 1, failTimeoutMs: 10_000 } } });
const nginx = { ...base, profile: { ...base.profile, engine: "nginx" as const } };
const value = (last: number) => socketMd5(`10.0.0.${last}`, 80);

describe("NGINX's sticky cookie, written", () => {
  const nowMs = Date.UTC(2026, 7, 21, 16, 0, 43, 900);

  it.each<[string, Partial<NginxStamp>, string]>([
    [
      "as in the commit message",
      {},
      "; expires=Fri, 21-Aug-26 17:00:43 GMT; max-age=3600; domain=.example.com; path=/",
    ],
    ["a session cookie", { expires: undefined as never }, "; domain=.example.com; path=/"],
    [
      "for ever",
      { expires: "max" },
      "; expires=Thu, 31-Dec-37 23:55:55 GMT; max-age=315360000; domain=.example.com; path=/",
    ],
    [
      "with every attribute",
      { attributes: { domain: "d", path: "/p", secure: true, httpOnly: true, sameSite: "lax" } },
      "; expires=Fri, 21-Aug-26 17:00:43 GMT; max-age=3600; domain=d; httponly; secure; samesite=lax; path=/p",
    ],
    ["with none", { expires: undefined as never, attributes: { secure: false, httpOnly: false } }, ""],
  ])("%s", (_, rest, tail) => {
    expect(createNginxCookie({ ...SRV, ...rest }).set("v", nowMs)).toBe(`srv_id=v${tail}`);
  });

  it("dates every response anew", () => {
    const cookie = createNginxCookie(SRV);
    expect(cookie.set("v", nowMs)).toContain("17:00:43");
    expect(cookie.set("v", nowMs + 100)).toContain("17:00:44");
    expect(cookie.set("v", Date.UTC(2099, 11, 31, 23, 30))).toContain("Fri, 01-Jan-00 00:30:00");
  });
});

describe("NGINX's sticky cookie, read", () => {
  it.each([
    ["srv_id=x", "x"],
    ["SRV_ID=x", "x"],
    ["a=1; Srv_Id = x y", "x y"],
    ["a=1, srv_id=x", "x"],
    ["srv_id=; srv_id=x", undefined],
    ["srv_id=1; srv_id=2", "1"],
    ["xsrv_id=1; srv_idx=2; srv_id=3", "3"],
    ["srv_id", undefined],
    ["", undefined],
  ])("%j gives %j", (header, expected) => {
    expect(nginxCookieValue(header, "srv_id")).toBe(expected);
  });

  it("never throws", () => {
    fc.assert(fc.property(fc.string(), (header) => void nginxCookieValue(header, "srv_id")));
    expect(nginxCookieValue(undefined, "srv_id")).toBeUndefined();
  });
});

describe("a pool with NGINX's cookie", () => {
  it("sets it on every response, also when it was right, so that expires slides", () => {
    const b = bench(nginx);
    const first = b.ask();
    expect(first.setCookie).toBe(
      `srv_id=${value(1)}; expires=Thu, 01-Jan-26 01:00:00 GMT; max-age=3600; domain=.example.com; path=/`,
    );
    b.runtime.clock.advance(5_000);
    const again = b.ask({ cookie: first.cookie });
    expect(again).toMatchObject({ server: "a", affinity: "hit" });
    expect(again.setCookie).toContain(`srv_id=${value(1)}; expires=Thu, 01-Jan-26 01:00:05 GMT`);
  });

  it("forwards the cookie: it is not hidden", () => {
    expect(bench(nginx).director.route("x", "/")?.hiddenCookies).toEqual([]);
  });

  it("works without any key", () => {
    expect(bench(nginx, { keyRing: undefined as never }).ask().server).toBe("a");
  });

  it("overwrites the cookie of a server that failed, and the client does not come back", () => {
    const b = bench(nginx);
    const onB = `srv_id=${value(2)}`;
    expect(refuse(b, { cookie: onB })).toBe("b");
    const moved = b.ask({ cookie: onB });
    expect(moved).toMatchObject({ affinity: "moved", moved: "down" });
    b.runtime.clock.advance(10_001);
    expect(b.ask({ cookie: moved.cookie }).server).toBe(moved.server);
  });

  it("takes an unknown value for no place at all", () => {
    const b = bench(nginx);
    expect([1, 2, 3].map(() => b.ask({ cookie: "srv_id=0123" }).server)).toEqual(["a", "b", "c"]);
  });

  it("takes route= for the value, and of servers that share one the first that can serve", () => {
    const twins = {
      ...nginx,
      servers: [
        server("a", { stampValue: "r1" }),
        server("b", { stampValue: "r2", port: 1 }),
        server("c", { stampValue: "r2", port: 2 }),
      ],
    };
    const b = bench(twins);
    expect(b.ask({ cookie: "srv_id=r2" })).toMatchObject({ server: "b", affinity: "hit" });
    b.director.setState("shop", "b", "disabled");
    expect(b.ask({ cookie: "srv_id=r2" })).toMatchObject({ server: "c", affinity: "hit" });
  });

  it("prefers primaries to backups that share the value", () => {
    const shared = [server("z", { stampValue: "r", backup: true, port: 1 }), server("a", { stampValue: "r", port: 2 })];
    const b = bench({ ...nginx, servers: shared });
    expect(b.ask({ cookie: "srv_id=r" }).server).toBe("a");
    b.director.setState("shop", "a", "disabled");
    expect(b.ask({ cookie: "srv_id=r" }).server).toBe("z");
  });

  it("drains: matching cookies go on, new clients never arrive, and how many remain cannot be known", () => {
    const b = bench(nginx);
    b.director.setState("shop", "b", "draining");
    expect(b.ask({ cookie: `srv_id=${value(2)}` }).server).toBe("b");
    for (let i = 0; i < 6; i++) expect(b.ask().server).not.toBe("b");
    expect(b.director.observe()[0]?.servers[1]?.bound).toBe("unsupported");
  });

  it("a pool that writes one format and reads both carries its clients over", () => {
    const formats = [{ ...STAMP }, SRV] as const;
    const b = bench({ ...nginx, affinity: { kind: "cookie", formats } });
    const moved = b.ask({ cookie: `srv_id=${value(3)}` });
    expect(moved).toMatchObject({ server: "c", affinity: "hit", moved: undefined });
    expect(moved.cookie).toMatch(/^stick=/);
    expect(b.ask({ cookie: `${moved.cookie}; srv_id=${value(1)}` })).toMatchObject({
      server: "c",
      setCookie: undefined,
    });
    const back = bench({ ...nginx, affinity: { kind: "cookie", formats: [SRV, STAMP] } });
    expect(back.ask({ cookie: moved.cookie })).toMatchObject({
      server: "c",
      affinity: "hit",
      cookie: `srv_id=${value(3)}`,
    });
  });
});
