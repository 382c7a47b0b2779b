import { parseKeys } from "@sojourn/core";
import { describe, expect, it, vi } from "vitest";
import { expectRefusal, sojourn } from "../support/sojourn.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

async function newKey(): Promise<string> {
  return (await sojourn(["keygen"])).out.trim();
}

describe("sojourn keygen", () => {
  it("prints a key that SOJOURN_KEYS takes, and nothing else", async () => {
    const { code, out, err } = await sojourn(["keygen"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^\S+\n$/);
    expect(parseKeys(out.trim(), "test")).toHaveLength(1);
  });

  it("never prints the same key twice", async () => {
    expect(await newKey()).not.toBe(await newKey());
  });

  it("rotates in two steps: --add opens, --promote seals, and every key of before still opens", async () => {
    const first = await newKey();
    const added = (await sojourn(["keygen", "--add"], { env: { SOJOURN_KEYS: first } })).out.trim();
    const [kept, fresh, ...rest] = added.split(",");
    expect({ kept, rest }).toEqual({ kept: first, rest: [] });
    expect(fresh).toMatch(/^opens:sjk1\./);

    const promoted = (await sojourn(["keygen", "--promote"], { env: { SOJOURN_KEYS: added } })).out.trim();
    expect(promoted).toBe(`${fresh?.slice("opens:".length)},opens:${first}`);
    expect(parseKeys(promoted, "test").map(({ sealsAllowed }) => sealsAllowed)).toEqual([true, false]);
  });

  it("promotes the newest of several keys that only open", async () => {
    const [a, b, c] = await Promise.all([newKey(), newKey(), newKey()]);
    const { out } = await sojourn(["keygen", "--promote", "--keys", `${a},opens:${b},opens:${c}`]);
    expect(out.trim()).toBe(`${c},opens:${a},opens:${b}`);
  });

  it("reads the ring from standard input, and prefers --keys to SOJOURN_KEYS", async () => {
    const [a, b] = await Promise.all([newKey(), newKey()]);
    const piped = await sojourn(["keygen", "--add"], { input: `${a}\n` });
    expect(piped.out).toContain(`${a},opens:`);
    const named = await sojourn(["keygen", "--add", "--keys", a], { env: { SOJOURN_KEYS: b } });
    expect(named.out).toContain(`${a},opens:`);
    const dash = await sojourn(["keygen", "--add", "--keys", "-"], { env: { SOJOURN_KEYS: b }, input: a });
    expect(dash.out).toContain(`${a},opens:`);
  });

  it("names the keys by id with --json", async () => {
    const first = await newKey();
    const { out } = await sojourn(["keygen", "--add", "--json"], { env: { SOJOURN_KEYS: first } });
    const { keys, sealing, opens } = JSON.parse(out);
    expect(parseKeys(keys, "test").map(({ id }) => id)).toEqual([sealing, ...opens]);
    expect(sealing).toBe(first.split(".")[1]);
  });

  it("refuses what it cannot do, without quoting a key", async () => {
    const key = await newKey();
    const secret = key.split(".")[2] ?? "";
    const [none, both, short, empty] = await Promise.all([
      sojourn(["keygen", "--promote", "--keys", key]),
      sojourn(["keygen", "--promote", "--add", "--keys", key]),
      sojourn(["keygen", "--add"], { env: { SOJOURN_KEYS: key.slice(0, -8) } }),
      sojourn(["keygen", "--add"]),
    ]);
    expectRefusal(none, 1, /^KEYGEN_NOTHING_TO_PROMOTE: no key in --keys .* keygen --add/);
    expectRefusal(both, 2, /^OPTION_CONFLICT: --add and --promote/);
    expectRefusal(short, 1, /^KEY_INVALID: key 1 in SOJOURN_KEYS .*35 characters, not the 43.*npx sojourn keygen/);
    expectRefusal(empty, 1, /^KEY_RING_UNUSABLE: .*standard input.*empty/);
    for (const { err } of [none, both, short, empty]) expect(err).not.toContain(secret.slice(0, 20));
  });
});
