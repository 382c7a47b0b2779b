import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type OutgoingHttpHeaders, request as viaHttp } from "node:http";
import { request as viaHttps } from "node:https";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { describe, expect, it } from "vitest";
import { spawnNode } from "../fixtures/node-process.ts";
import { sharePostgres } from "../fixtures/postgres.ts";
import { freePort, startNginx } from "../fixtures/real-servers.ts";
import { startRedis } from "../fixtures/redis.ts";
import { requireServer } from "../fixtures/require-server.ts";
import { tempDir } from "../fixtures/temp-dir.ts";
import { root } from "./guide-page.ts";

const at = (file: string) => join(root, "docs/guide/production", file);
const APP = at("app.mjs");
const HOST = "shop.example.com";

async function startApp() {
  const port = await freePort();
  const env = {
    NODE_ENV: "production",
    PORT: String(port),
    SHOP_DB: join(tempDir(), "shop.db"),
    SOJOURN_KEYS: generateKey(createSystemRandom()),
  };
  const app = await spawnNode(APP, { env, ready: /^ready$/ });
  return { port, app };
}

interface Asked {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly tls?: boolean;
  readonly headers?: OutgoingHttpHeaders;
}

function ask({ port, method = "GET", path = "/", tls = false, headers = {} }: Asked) {
  return new Promise<{ status: number | undefined; cookie: string; body: string }>((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method, path, headers: { Host: HOST, ...headers } };
    // The certificate was made for this test; nobody vouches for it.
    const sent = tls ? viaHttps({ ...options, servername: HOST, rejectUnauthorized: false }) : viaHttp(options);
    sent.on("error", reject).end();
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      const cookie = response.headers["set-cookie"]?.[0] ?? "";
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode, cookie, body }));
    });
  });
}

describe("docs/guide/production/app.mjs", () => {
  it("refuses to start in production without keys", () => {
    const env = { ...process.env, NODE_ENV: "production", SOJOURN_KEYS: "", SHOP_DB: join(tempDir(), "shop.db") };
    const { status, stderr } = spawnSync(process.execPath, [APP], { env, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("KEY_MISSING");
  });

  it("sets the cookie for what the proxy calls https, and says why not for others", async () => {
    const { port, app } = await startApp();
    expect(app.output()).toContain("idle timeout: 30m\n");
    expect(await ask({ port, path: "/healthz" })).toEqual({ status: 200, cookie: "", body: "ok\n" });

    expect((await ask({ port, method: "POST", path: "/login" })).cookie).toBe("");
    const login = await ask({ port, method: "POST", path: "/login", headers: { "X-Forwarded-Proto": "https" } });
    expect(login.cookie).toMatch(/^__Host-session=[^;]+; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const cookie = login.cookie.split(";")[0];
    expect((await ask({ port, headers: { Cookie: cookie } })).body).toBe("ada\n");

    app.child.kill("SIGTERM");
    expect(await app.exited).toBe(0);
    expect(app.output()).toContain("COOKIE_NOT_SET");
    expect(app.output()).toContain('"type":"session.login"');
  });
});

it("docs/guide/production/audit.mjs writes down who logged in and out, and ends with all of it in the file", async () => {
  const [port, file] = [await freePort(), join(tempDir(), "audit.jsonl")];
  const env = {
    PORT: String(port),
    SHOP_DB: join(tempDir(), "shop.db"),
    SHOP_AUDIT: file,
    SOJOURN_KEYS: generateKey(createSystemRandom()),
  };
  const app = await spawnNode(at("audit.mjs"), { env, ready: /^ready$/ });
  const https = { "X-Forwarded-Proto": "https" };
  const login = await ask({ port, method: "POST", path: "/login", headers: https });
  await ask({ port, method: "POST", path: "/logout", headers: { ...https, Cookie: login.cookie.split(";")[0] } });
  app.child.kill("SIGTERM");
  expect(await app.exited).toBe(0);
  const entries = readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const date = expect.stringMatching(/^\d{4}-.*Z$/);
  const id = entries[0].id;
  expect(entries).toEqual([
    { at: date, type: "session.created", id },
    {
      at: date,
      type: "session.login",
      id,
      userId: "ada",
      device: { browser: "none", system: "none", networks: ["127.0.0.0/24"] },
    },
    { at: date, type: "session.ended", id, reason: "logout" },
  ]);
});

requireServer("redis")("docs/guide/production/redis.mjs", () => {
  it("keeps sessions in a real Redis, where a second server and a second start find them", async () => {
    const redis = await startRedis();
    const SOJOURN_KEYS = generateKey(createSystemRandom());
    const start = async () => {
      const port = await freePort();
      const env = { PORT: String(port), REDIS_URL: redis.url, SOJOURN_KEYS };
      return { port, app: await spawnNode(at("redis.mjs"), { env, ready: /^ready$/ }) };
    };
    const [first, second] = await Promise.all([start(), start()]);
    const https = { "X-Forwarded-Proto": "https" };
    const login = await ask({ port: first.port, method: "POST", path: "/login", headers: https });
    const headers = { ...https, Cookie: login.cookie.split(";")[0] };
    expect((await ask({ port: second.port, headers })).body).toBe("ada\n");
    first.app.child.kill("SIGTERM");
    expect(await first.app.exited).toBe(0);
    await ask({ port: second.port, method: "POST", path: "/logout", headers });
    const third = await start();
    expect((await ask({ port: third.port, headers })).body).toBe("nobody\n");
  });
});

requireServer("postgres")("docs/guide/production/postgres.mjs", () => {
  const database = sharePostgres();

  it("keeps a login while the app and the server are restarted", async () => {
    const postgres = await database();
    const port = await freePort();
    const env = { PORT: String(port), DATABASE_URL: postgres.url, SOJOURN_KEYS: generateKey(createSystemRandom()) };
    const first = await spawnNode(at("postgres.mjs"), { env, ready: /^ready$/ });
    const login = await ask({ port, method: "POST", path: "/login", headers: { "X-Forwarded-Proto": "https" } });
    const headers = { Cookie: login.cookie.split(";")[0] };
    await postgres.crash();
    expect((await ask({ port, headers })).status).toBe(503);
    await postgres.start();
    expect((await ask({ port, headers })).body).toBe("ada\n");
    first.child.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    await spawnNode(at("postgres.mjs"), { env, ready: /^ready$/ });
    expect((await ask({ port, headers })).body).toBe("ada\n");
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

requireServer("nginx")("docs/guide/production/nginx.conf", () => {
  it.skipIf(!hasOpenssl)("ends TLS for the app, which then sets and believes its cookie", async () => {
    const folder = tempDir();
    const [pem, key] = [join(folder, "shop.pem"), join(folder, "shop.key")];
    const subject = ["-subj", `/CN=${HOST}`, "-days", "2", "-nodes", "-keyout", key, "-out", pem];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    const made = spawnSync("openssl", ["req", "-x509", ...curve, ...subject], { encoding: "utf8" });
    expect(made.status, made.stderr).toBe(0);
    const { port: appPort } = await startApp();
    const text = readFileSync(at("nginx.conf"), "utf8");
    const { port } = await startNginx((free) =>
      text
        .replace("listen 443 ssl", `listen 127.0.0.1:${free} ssl`)
        .replace("/etc/ssl/shop.pem", pem)
        .replace("/etc/ssl/shop.key", key)
        .replace("127.0.0.1:3000", `127.0.0.1:${appPort}`),
    );
    // A client cannot talk the proxy out of what it knows.
    const lies = { "X-Forwarded-Proto": "http", "X-Forwarded-Host": "other.example", Origin: `https://${HOST}` };
    const login = await ask({ port, tls: true, method: "POST", path: "/login", headers: lies });
    expect(login.status).toBe(200);
    expect(login.cookie).toMatch(/^__Host-session=/);
    expect((await ask({ port, tls: true, headers: { Cookie: login.cookie.split(";")[0] } })).body).toBe("ada\n");
    const foreign = { Origin: "https://other.example" };
    expect((await ask({ port, tls: true, method: "POST", path: "/login", headers: foreign })).status).toBe(403);
  });
});

const hasSystemd = spawnSync("systemd-analyze", ["--version"]).status === 0;

describe("docs/guide/production/shop.service", () => {
  it.skipIf(!hasSystemd)("is a unit that systemd accepts without a word", () => {
    const file = join(tempDir(), "shop.service");
    writeFileSync(file, readFileSync(at("shop.service"), "utf8").replace("/usr/bin/node", process.execPath));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", file], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });
});

describe("docs/guide/production/Dockerfile", () => {
  const text = readFileSync(at("Dockerfile"), "utf8");

  it("starts the app that the page shows, on a Node that is supported", () => {
    expect(text).toContain("COPY app.mjs ./\n");
    expect(text).toContain('CMD ["node", "app.mjs"]\n');
    expect(text).toMatch(/^FROM node:(?:20|22|24)-/);
  });

  it("sets only variables that the app reads", () => {
    const app = readFileSync(APP, "utf8");
    const names = [...text.matchAll(/\b([A-Z_]+)=/g)]
      .map(([, name = ""]) => name)
      .filter((name) => name !== "NODE_ENV");
    expect(names).toEqual(["HOST", "PORT", "SHOP_DB"]);
    for (const name of names) expect(app).toContain(name);
  });
});
