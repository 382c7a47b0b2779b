import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RENDER_TARGETS } from "@sojourn/balancer";
import { describe, expect, it, vi } from "vitest";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { TARGETS } from "../../src/commands/render.ts";
import { expectRefusal, sojourn } from "../support/sojourn.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));

const YAML = `listen: 127.0.0.1:8080
pools:
  shop:
    affinity: { cookie: sojourn_affinity, maxAge: 30m }
    balance: least-connections
    servers:
      shop-1: http://10.0.0.11:3000
      shop-2: { url: http://10.0.0.12:3000, weight: 2 }
`;

function folder(): string {
  const cwd = tempDir();
  writeFileSync(join(cwd, "sojourn.yaml"), YAML);
  return cwd;
}

describe("sojourn check", () => {
  it("says what a file means", async () => {
    const { code, out } = await sojourn(["check"], { cwd: folder() });
    expect(code).toBe(0);
    expect(out).toBe(
      "sojourn.yaml: ok (sojourn)\n" +
        "pool shop: affinity cookie sojourn_affinity, balance least-connections, servers shop-1, shop-2\n",
    );
  });

  it("tells dialects apart by content, and notes what would differ", async () => {
    const cwd = tempDir();
    copyFileSync(fixture("haproxy-balance-source.cfg"), join(cwd, "a"));
    copyFileSync(fixture("nginx-sticky-cookie.conf"), join(cwd, "b"));
    const haproxy = JSON.parse((await sojourn(["check", "a", "--json"], { cwd })).out);
    expect(haproxy).toMatchObject({ ok: true, dialect: "haproxy" });
    expect(haproxy.notes.map(({ message }: { message: string }) => message).join("\n")).toMatch(/TCP/i);
    const nginx = await sojourn(
      ["check", "b", "--resolve", "srv1.example.com=127.0.0.1:1", "--resolve", "srv2.example.com=127.0.0.1:2"],
      { cwd },
    );
    expect(nginx.out).toMatch(/^b: ok \(nginx\)\npool backend: affinity cookie srv_id/);
    expect(nginx.err.match(/^note: .*curl --resolve/gm)).toHaveLength(1);
  });

  it("points at the directive that is not supported", async () => {
    const cwd = tempDir();
    writeFileSync(
      join(cwd, "nginx.conf"),
      "upstream b {\n    server 127.0.0.1:1;\n    zone b 64k;\n    least_time header;\n}\nserver { location / { proxy_pass http://b; } }\n",
    );
    const { code, err } = await sojourn(["check", "nginx.conf"], { cwd });
    expect(code).toBe(1);
    expect(err).toMatch(/^nginx\.conf:4:5 CONFIG_[A-Z_]+: .*least_time/m);
  });
});

describe("sojourn render", () => {
  it("offers every target that the balancer can write", () => {
    expect(TARGETS).toEqual(RENDER_TARGETS);
  });

  it.each([
    ["nginx", /sticky cookie sojourn_affinity expires=/],
    ["haproxy", /cookie sojourn_affinity insert/],
  ])("writes the pool for %s", async (target, wanted) => {
    const { code, out, err } = await sojourn(["render", "--to", target], { cwd: folder() });
    expect({ code, err: err.replace(/^note: .*\n/gm, "") }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(wanted);
    const json = JSON.parse((await sojourn(["render", "--to", target, "--json"], { cwd: folder() })).out);
    expect(json.text.trimEnd()).toBe(out.trimEnd());
  });

  it("refuses what the target cannot say", async () => {
    expectRefusal(
      await sojourn(["render", "--to", "kubernetes"], { cwd: folder() }),
      1,
      /^RENDER_UNSUPPORTED: .*Kubernetes.* cannot say affinity by cookie/,
    );
  });
});
