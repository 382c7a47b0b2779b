import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { MAX_BODY_BYTES } from "../../src/admin/body.ts";
import { createTokenCheck } from "../../src/admin/token.ts";
import { call, JSON_TYPE } from "./call.ts";
import { startDesk } from "./desk.ts";

let desk: Awaited<ReturnType<typeof startDesk>>;
beforeEach(async () => {
  desk = await startDesk();
});
afterEach(() => desk.stop());

const folder = mkdtempSync(join(tmpdir(), "sojourn-admin-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const drain = "/v1/pools/shop/servers/a/drain";
const stateOfA = async () => (await desk.control.report()).pools[0]?.servers[0]?.state;

describe("Host", () => {
  it("must be one of its own addresses", async () => {
    for (const host of [`127.0.0.1:${desk.port}`, `localhost:${desk.port}`, `LOCALHOST:${desk.port}`]) {
      expect((await call(desk.port, "GET", "/v1/pools", { Host: host })).status).toBe(200);
    }
    for (const host of [
      "evil.example",
      `evil.example:${desk.port}`,
      "127.0.0.1",
      `127.0.0.2:${desk.port}`,

      `127.0.0.1:${desk.port}.evil.example`,
    ]) {
      const refused = await call(desk.port, "GET", "/v1/pools", { Host: host });
      expect([host, refused.status, refused.body.code]).toEqual([host, 421, "ADMIN_HOST_FOREIGN"]);
      expect(refused.body.mend).toContain(`127.0.0.1:${desk.port}`);
    }
  });

  it("is looked at before a change is made", async () => {
    const refused = await call(desk.port, "POST", drain, { ...JSON_TYPE, Host: "evil.example" }, "{}");
    expect(refused.status).toBe(421);
    expect(await stateOfA()).toBe("enabled");
  });

  it("counts once: of two, or of an absolute target, none is believed", async () => {
    const socket = connect(desk.port, "127.0.0.1");
    const answer = new Promise<string>((resolve) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("close", () => resolve(text));
    });
    socket.end(
      `GET http://evil.example/v1/pools HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:${desk.port}\r\n\r\n`,
    );
    expect(await answer).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});

describe("changes", () => {
  it("are taken from programs and from the API's own origin", async () => {
    expect((await call(desk.port, "POST", drain, JSON_TYPE, "{}")).status).toBe(200);
    const own = { ...JSON_TYPE, Origin: `http://127.0.0.1:${desk.port}`, "Sec-Fetch-Site": "same-origin" };
    expect((await call(desk.port, "POST", "/v1/pools/shop/servers/a/enable", own, "{}")).status).toBe(200);
  });

  it("are refused with a foreign Origin", async () => {
    for (const origin of [
      "http://evil.example",
      "null",
      `http://127.0.0.1:${desk.port + 1}`,
      `https://127.0.0.1:${desk.port}`,
    ]) {
      const refused = await call(desk.port, "POST", drain, { ...JSON_TYPE, Origin: origin }, "{}");
      expect([origin, refused.status, refused.body.code]).toEqual([origin, 403, "ADMIN_ORIGIN_FOREIGN"]);
    }
    expect(await stateOfA()).toBe("enabled");
  });

  it("are refused with a foreign Sec-Fetch-Site, the same host's other ports included", async () => {
    for (const site of ["cross-site", "same-site", "anything"]) {
      const refused = await call(desk.port, "POST", drain, { ...JSON_TYPE, "Sec-Fetch-Site": site }, "{}");
      expect([site, refused.status]).toEqual([site, 403]);
    }
    expect(await stateOfA()).toBe("enabled");
  });

  it("are refused as forms, as text and without a type", async () => {
    const types = [
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain",
      "application/jsonp",
    ];
    for (const type of types) {
      const refused = await call(desk.port, "POST", drain, { "Content-Type": type }, "{}");
      expect([type, refused.status, refused.body.code]).toEqual([type, 415, "ADMIN_MEDIA_TYPE"]);
    }
    expect((await call(desk.port, "POST", drain)).status).toBe(415);
    expect((await call(desk.port, "DELETE", "/v1/pools/shop/servers/a")).status).toBe(415);
    expect(await stateOfA()).toBe("enabled");
  });

  it("are never done by reads", async () => {
    const refused = await call(desk.port, "GET", drain);
    expect([refused.status, refused.body.code]).toEqual([405, "ADMIN_METHOD_UNKNOWN"]);
  });

  it("have bounded bodies", async () => {
    const large = `{"deadlineMs": 1${" ".repeat(MAX_BODY_BYTES)}}`;
    const refused = await call(desk.port, "POST", drain, JSON_TYPE, large);
    expect([refused.status, refused.body.code]).toEqual([413, "ADMIN_BODY_TOO_LARGE"]);
    expect(refused.headers.connection).toBe("close");
    expect(await stateOfA()).toBe("enabled");
  });
});

describe("CORS", () => {
  it("is never granted, and a preflight is refused", async () => {
    const foreign = { Origin: "http://evil.example" };
    const preflight = await call(desk.port, "OPTIONS", drain, {
      ...foreign,
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "content-type",
    });
    expect(preflight.status).toBe(403);
    for (const answer of [
      preflight,
      await call(desk.port, "GET", "/v1/pools", foreign),
      await call(desk.port, "GET", "/v1/pools"),
    ]) {
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });
});

describe("every answer", () => {
  it("carries the protective headers", async () => {
    const answers = [
      await call(desk.port, "GET", "/v1/pools"),
      await call(desk.port, "GET", "/metrics"),
      await call(desk.port, "GET", "/nope"),
      await call(desk.port, "GET", "/v1/pools", { Host: "evil.example" }),
    ];
    for (const { headers } of answers) {
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["x-frame-options"]).toBe("DENY");
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(headers["cross-origin-resource-policy"]).toBe("same-origin");
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["referrer-policy"]).toBe("no-referrer");
    }
  });
});

describe("the token", () => {
  const token = "t".repeat(32);
  const file = join(folder, "token");
  writeFileSync(file, `${token}\n`);

  it("is needed on an address that is not loopback", () => {
    for (const host of ["0.0.0.0", "*", "::", "192.0.2.1", "admin.example.com"]) {
      expect(() => createTokenCheck({ host, port: 8081 }, undefined)).toThrow(/ADMIN_TOKEN_NEEDED.*--admin-token-file/);
      expect(() => createTokenCheck({ host, port: 8081 }, file)).not.toThrow();
    }
    for (const host of ["127.0.0.1", "127.1.2.3", "::1", "localhost"]) {
      expect(createTokenCheck({ host, port: 8081 }, undefined)).toBeUndefined();
    }
    expect(() => createTokenCheck({ host: "127.0.0.1.evil.example", port: 1 }, undefined)).toThrow(
      /ADMIN_TOKEN_NEEDED/,
    );
  });

  it("is asked for on every call", async () => {
    const locked = await startDesk({ tokenFile: file });
    try {
      for (const path of ["/v1/pools", "/metrics", "/v1/events", "/nope"]) {
        const refused = await call(locked.port, "GET", path);
        expect([path, refused.status, refused.body.code]).toEqual([path, 401, "ADMIN_UNAUTHORIZED"]);
        expect(refused.headers["www-authenticate"]).toBe("Bearer");
      }
      for (const authorization of [
        token,
        `Bearer ${token}x`,
        `Bearer ${token.slice(1)}`,
        "Bearer ",
        `Basic ${token}`,
      ]) {
        expect((await call(locked.port, "GET", "/v1/pools", { Authorization: authorization })).status).toBe(401);
      }
      expect((await call(locked.port, "GET", "/v1/pools", { Authorization: `Bearer ${token}` })).status).toBe(200);
      const foreign = { Authorization: `Bearer ${token}`, Host: "evil.example" };
      expect((await call(locked.port, "GET", "/v1/pools", foreign)).status).toBe(421);
    } finally {
      await locked.stop();
    }
  });

  it("must be a file with one long word", () => {
    const check = (text: string) => {
      writeFileSync(join(folder, "bad"), text);
      return () => createTokenCheck({ host: "127.0.0.1", port: 0 }, join(folder, "bad"));
    };
    expect(check("short")).toThrow(/ADMIN_TOKEN_UNUSABLE.*5 characters/);
    expect(check("")).toThrow(/ADMIN_TOKEN_UNUSABLE/);
    expect(check(`${token} ${token}`)).toThrow(/more than one word/);
    expect(check(`${token} ${token}`)).not.toThrow(new RegExp(token));
    expect(() => createTokenCheck({ host: "127.0.0.1", port: 0 }, join(folder, "none"))).toThrow(/ENOENT/);
  });
});
