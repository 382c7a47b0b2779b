import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { freePort } from "../../../../test/fixtures/real-servers.ts";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { startOrigin, visit } from "../support/origin.ts";
import { serve } from "../support/serving.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const md5 = (text: string) => createHash("md5").update(text).digest("hex");
const LISTEN = ["--listen", "127.0.0.1:0"];

/** A fragment with two servers, each resolved to a real origin. */
async function serveTwo(file: string, first: string, second: string, listen = LISTEN) {
  const [a, b] = await Promise.all([startOrigin("srv1"), startOrigin("srv2")]);
  const resolve = ["--resolve", `${first}=${a.address}`, "--resolve", `${second}=${b.address}`];
  return { a, b, serving: await serve([fixture(file), ...listen, ...resolve]) };
}

describe("sojourn serve with files of other engines, as they stand", () => {
  it("gives an NGINX sticky cookie: md5 of the address, in NGINX's form, on every response", async () => {
    const { a, b, serving } = await serveTwo("nginx-sticky-cookie.conf", "srv1.example.com", "srv2.example.com");
    const first = await visit(serving.url);
    expect(first.origin).toBe("srv1");
    expect(first.setCookie).toEqual([
      expect.stringMatching(
        new RegExp(
          `^srv_id=${md5(a.address)}; expires=[A-Z][a-z]{2}, \\d\\d-[A-Z][a-z]{2}-\\d\\d \\d\\d:\\d\\d:\\d\\d GMT; max-age=3600; domain=\\.example\\.com; path=/$`,
        ),
      ),
    ]);
    const second = await visit(serving.url);
    expect(second.origin).toBe("srv2");
    for (const [origin, name] of [
      [a, "srv1"],
      [b, "srv2"],
    ] as const) {
      for (let i = 0; i < 3; i++) {
        const again = await visit(serving.url, { Cookie: `srv_id=${md5(origin.address)}` });
        expect(again).toMatchObject({ origin: name, setCookie: [expect.stringContaining(md5(origin.address))] });
      }
    }
    // proxy_pass http://backend sends the upstream's name as Host.
    expect(new Set(a.requests.map(({ host }) => host))).toEqual(new Set(["backend"]));
  });

  it.each([
    ["a port that the system chose", async () => 0],
    ["a port that was given", freePort],
  ])("says once that the cookie's domain cannot match, with a curl line that works, on %s", async (_, choose) => {
    const listen = ["--listen", `127.0.0.1:${await choose()}`];
    const { serving } = await serveTwo("nginx-sticky-cookie.conf", "srv1.example.com", "srv2.example.com", listen);
    const port = new URL(serving.url).port;
    const hints = serving.notes.filter(({ message }) => message.includes("curl"));
    expect(hints).toHaveLength(1);
    const note = hints[0]?.message ?? "";
    expect(note).toContain("the cookie srv_id has domain=.example.com");
    expect(note).toContain(`curl --resolve example.com:${port}:127.0.0.1 `);
    expect(note).toContain(`http://example.com:${port}/`);

    const [command = "", ...args] = /curl --resolve .*$/.exec(note)?.[0].split(" ") ?? [];
    const cwd = tempDir();
    const run = () => promisify(execFile)(command, ["--silent", ...args], { cwd });
    const first = await run().catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined; // no curl here: its text was checked
      throw error;
    });
    if (first === undefined) return;
    for (let i = 0; i < 3; i++) expect((await run()).stdout).toBe(first.stdout);
  });

  it("chooses as HAProxy's balance source: the address modulo the servers, without a cookie", async () => {
    const { serving } = await serveTwo("haproxy-balance-source.cfg", "192.168.1.10:80", "192.168.1.11:80");
    for (const [from, wanted] of [
      ["127.0.0.1", "srv2"],
      ["127.0.0.2", "srv1"],
      ["127.0.0.3", "srv2"],
      ["127.0.0.8", "srv1"],
    ] as const) {
      for (let i = 0; i < 2; i++) {
        expect(await visit(serving.url, {}, from), from).toEqual({ status: 200, origin: wanted, setCookie: [] });
      }
    }
  });

  it("keeps a client address on its Pod as a Kubernetes Service with ClientIP, without a cookie", async () => {
    const [a, b] = await Promise.all([startOrigin("pod-a"), startOrigin("pod-b")]);
    const endpoints = ["--endpoints", `${a.address},${b.address}`];
    const { url } = await serve([fixture("kubernetes-clientip.yaml"), ...LISTEN, ...endpoints]);
    const addresses = Array.from({ length: 24 }, (_, index) => `127.0.1.${index + 1}`);
    const pick = async (from: string) => (await visit(url, {}, from)).origin;
    const first = new Map<string, string>();
    for (const address of addresses) first.set(address, await pick(address));
    for (const address of addresses) expect(await pick(address), address).toBe(first.get(address));
    expect(new Set(first.values()).size).toBe(2);
    expect((await visit(url)).setCookie).toEqual([]);
  });
});
