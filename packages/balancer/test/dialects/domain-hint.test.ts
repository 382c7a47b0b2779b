import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { domainHints } from "../../src/dialects/index.ts";
import { read } from "./reading.ts";

const POOL = `
upstream b { server 127.0.0.1:1; sticky cookie at domain=.example.com; }
server { server_name shop.example.com; location / { proxy_pass http://b; } }`;

describe("domainHints", () => {
  it("names a host that the cookie is for", () => {
    const [hint] = read(POOL, { listen: "127.0.0.1:8080" }).notes.slice(-1);
    expect(hint?.message).toBe(
      "the cookie at has domain=.example.com: clients keep it for example.com and its subdomains only, not for " +
        "127.0.0.1:8080; try: curl --resolve shop.example.com:8080:127.0.0.1 -b jar -c jar http://shop.example.com:8080/",
    );
  });

  it.each([
    ["*:80", "--resolve shop.example.com:80:127.0.0.1 -b jar -c jar http://shop.example.com/"],
    ["[::1]:81", "--resolve shop.example.com:81:[::1] -b jar -c jar http://shop.example.com:81/"],
    ["localhost:81", "--resolve shop.example.com:81:127.0.0.1 "],
  ])("knows what %s means to curl", (listen, line) => {
    expect(read(POOL, { listen }).notes.at(-1)?.message).toContain(line);
  });

  it("takes the domain itself where no route fits", () => {
    const config = read(POOL.replace("server_name shop.example.com;", "server_name other.test;"), {
      listen: "127.0.0.1:9",
    });
    expect(config.notes.at(-1)?.message).toContain("--resolve example.com:9:127.0.0.1");
  });

  it("says nothing of cookies without a domain, nor of ports that are not known yet", () => {
    expect(domainHints(read(POOL.replace(" domain=.example.com", "")), [{ host: "*", port: 80 }])).toEqual([]);
    const config = read(POOL, { listen: "127.0.0.1:0" });
    expect(config.notes.filter((note) => note.message.includes("curl"))).toEqual([]);
    expect(domainHints(config, [{ host: "127.0.0.1", port: 5 }])).toHaveLength(1);
  });

  it("gives a line that keeps the cookie", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.cookie);
      response.setHeader("Set-Cookie", "at=1; domain=.example.com; path=/").end("ok");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const folder = mkdtempSync(join(tmpdir(), "sojourn-hint-"));
    try {
      const { port } = server.address() as AddressInfo;
      const [hint] = domainHints(read(POOL), [{ host: "127.0.0.1", port }]);
      const [command = "", ...args] = /try: (.*)$/.exec(hint?.message ?? "")?.[1]?.split(" ") ?? [];
      expect(command).toBe("curl");
      for (let i = 0; i < 2; i++) {
        const child = spawn(command, ["--silent", "--noproxy", "*", ...args], { cwd: folder, stdio: "ignore" });
        const [code] = await once(child, "exit");
        expect(code).toBe(0);
      }
      expect(seen).toEqual([undefined, "at=1"]);
    } finally {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
