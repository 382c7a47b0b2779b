import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { createRuntime, generateKey } from "@sojourn/core";
import { describe, expect, it, vi } from "vitest";
import { tempDir } from "../../../../test/fixtures/temp-dir.ts";
import { startOrigin, startSlowOrigin, visit } from "../support/origin.ts";
import { serve } from "../support/serving.ts";
import { runHere, sojourn } from "../support/sojourn.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const env = { SOJOURN_KEYS: generateKey(createRuntime().random) };
const LISTEN = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"];

const yaml = (address: string, more = "") =>
  `listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\npools:\n  shop:\n    servers:\n      a: http://${address}\n${more}`;

describe("sojourn serve", () => {
  it("serves from flags, says where, and keeps a client by its cookie", async () => {
    const [a, b] = await Promise.all([startOrigin("a"), startOrigin("b")]);
    const servers = ["--server", `a=http://${a.address}`, "--server", `b=http://${b.address}`];
    const { url, admin } = await serve(
      [...LISTEN, ...servers, "--affinity", "cookie:who", "--balance", "round-robin"],
      { env },
    );
    expect(new URL(url).port).not.toBe("0");
    expect(admin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const first = await visit(url);
    const cookie = first.setCookie[0]?.split(";")[0] ?? "";
    expect(cookie).toMatch(/^who=/);
    expect((await visit(url)).origin).not.toBe(first.origin);
    for (let i = 0; i < 4; i++) expect((await visit(url, { Cookie: cookie })).origin).toBe(first.origin);
  });

  it("takes the sojourn.yaml of the folder when nothing is named, and its keys from a variable", async () => {
    const origin = await startOrigin("a");
    const cwd = tempDir();
    writeFileSync(join(cwd, "sojourn.yaml"), `keys: \${SHOP_KEYS}\n${yaml(origin.address)}`);
    const { url } = await serve([], { cwd, env: { SHOP_KEYS: env.SOJOURN_KEYS } });
    expect(await visit(url)).toMatchObject({ status: 200, origin: "a" });
  });

  it("answers status, drain, disable and enable", async () => {
    const [a, b] = await Promise.all([startOrigin("a"), startOrigin("b")]);
    const { admin, url } = await serve(
      [...LISTEN, "--server", `a=http://${a.address}`, "--server", `b=http://${b.address}`, "--affinity", "none"],
      { env },
    );
    const ask = (...args: readonly string[]) => runHere([...args, "--admin", admin ?? ""]);
    const table = await ask("status");
    expect(table.code).toBe(0);
    expect(table.out).toMatch(/^pool default: affinity none, balance least-connections\n {2}SERVER +STATE +HEALTH/);
    expect(table.out).toContain(`http://${a.address}`);

    expect((await ask("drain", "default/a")).out).toMatch(/^default\/a: draining, /);
    expect((await visit(url)).origin).toBe("b");
    const disabled = JSON.parse((await ask("disable", "default/b", "--json")).out);
    expect(disabled).toMatchObject({ pool: "default", server: { name: "b", state: "disabled" } });
    expect((await ask("enable", "default/a")).out).toMatch(/^default\/a: enabled, /);
    expect((await visit(url)).origin).toBe("a");
    const pools = JSON.parse((await ask("status", "--json")).out).pools;
    expect(pools[0].servers.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`)).toEqual([
      "a enabled",
      "b disabled",
    ]);
  });

  it("finds the admin API of the sojourn.yaml in the folder, and shows its token", async () => {
    const origin = await startOrigin("a");
    const token = join(tempDir(), "token");
    writeFileSync(token, "an operator's token of forty characters".replaceAll(" ", "-"));
    const { admin } = await serve([...LISTEN, "--server", `a=http://${origin.address}`, "--admin-token-file", token], {
      env,
    });
    const cwd = tempDir();
    writeFileSync(
      join(cwd, "sojourn.yaml"),
      yaml(origin.address).replace("admin: 127.0.0.1:0", `admin: ${new URL(admin ?? "").host}`),
    );
    const refused = await runHere(["status"], { cwd });
    expect(refused.err).toContain("401: ADMIN_UNAUTHORIZED");
    expect(await runHere(["status", "--admin-token-file", token], { cwd })).toMatchObject({ code: 0, err: "" });
  });

  it("reads its file again on reload and on SIGHUP, and keeps the old one when the new one is wrong", async () => {
    const [a, b] = await Promise.all([startOrigin("a"), startOrigin("b")]);
    const cwd = tempDir();
    const file = join(cwd, "sojourn.yaml");
    writeFileSync(file, yaml(a.address));
    const { process, url, admin } = await serve([], { cwd, env });
    expect((await visit(url)).origin).toBe("a");

    writeFileSync(file, yaml(b.address));
    expect((await sojourn(["reload", "--admin", admin ?? ""])).out).toMatch(/^reloaded\npool shop/);
    expect((await visit(url)).origin).toBe("b");

    writeFileSync(file, yaml(b.address, "    balanse: round-robin\n"));
    const refused = await sojourn(["reload", "--admin", admin ?? ""]);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/sojourn\.yaml:7:5 ADMIN_REFUSED: .*CONFIG_KEY_UNKNOWN/);
    process.child.kill("SIGHUP");
    await expect.poll(process.output, { timeout: 30_000 }).toMatch(/sojourn\.yaml:7:5 CONFIG_KEY_UNKNOWN/);
    expect((await visit(url)).origin).toBe("b");

    writeFileSync(file, yaml(a.address));
    process.child.kill("SIGHUP");
    await expect.poll(process.output, { timeout: 30_000 }).toContain("reloaded sojourn.yaml");
    expect((await visit(url)).origin).toBe("a");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("finishes what is under way after %s, then leaves with 0", async (signal) => {
    const origin = await startSlowOrigin();
    const { process, url } = await serve([...LISTEN, "--server", `a=http://${origin.address}`, "--affinity", "none"], {
      env,
    });
    const answer = visit(url);
    await origin.reached;
    process.child.kill(signal);
    await expect.poll(() => refused(url), { timeout: 30_000 }).toBe(true);
    origin.release();
    expect(await answer).toMatchObject({ status: 200, origin: "slow" });
    expect(await process.exited).toBe(0);
  });

  it("leaves at once at the second signal", async () => {
    const origin = await startSlowOrigin();
    const { process, url } = await serve([...LISTEN, "--server", `a=http://${origin.address}`, "--affinity", "none"], {
      env,
    });
    const answer = visit(url).catch(() => undefined);
    await origin.reached;
    process.child.kill("SIGTERM");
    await expect.poll(() => refused(url), { timeout: 30_000 }).toBe(true);
    process.child.kill("SIGTERM");
    expect(await process.exited).toBe(1);
    expect(await answer).toBeUndefined();
    origin.release();
  });
});

/** Whether nobody takes connections there any more. */
function refused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const probe = connect(Number(port), hostname, () => {
      probe.destroy();
      resolve(false);
    });
    probe.on("error", () => resolve(true));
  });
}
