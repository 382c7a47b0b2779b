import { withSession } from "@sojourn/session/fetch";
import { describe, expect, it } from "vitest";
import { readVectors } from "../../core/test/vectors.ts";
import { createClient, createWorld, visit } from "./engine/support.ts";

/** The same files that core and the balancer test: both halves must read one wire format. */
const tags = readVectors<{
  readonly split: readonly { readonly value: string; readonly token: string; readonly tag: string | null }[];
}>("route-tag").split;
const seam = readVectors<{ readonly headers: Readonly<Record<"affinity" | "affinityEnd", string>> }>("seam");

describe("a route tag behind the token", () => {
  const behindToken = tags
    .filter(({ token }) => token.length === 43)
    .map(({ value, tag }) => ({ tail: value.slice(43), tag }));

  it.each(behindToken)(
    "$tail is no part of the token, and stays as $tag when the token changes",
    async ({ tail, tag }) => {
      const { sessions } = createWorld();
      const client = createClient();
      await visit(sessions, client, (session) => session.set("theme", "dark"));
      const { result } = await visit(sessions, createClient(`${client.cookie}${tail}`), (session) =>
        session.get("theme"),
      );
      expect(result).toBe("dark");
      const tagged = createClient(`${client.cookie}${tail}`);
      await visit(sessions, tagged, (session) => session.login("ada"));
      expect(tagged.value).not.toContain(client.value);
      expect(tagged.value?.slice(43)).toBe(tag === null ? "" : `.${tag}`);
    },
  );
});

describe("logout", () => {
  it("says the golden word to the balancer, and no other response does", async () => {
    const { sessions } = createWorld();
    const handle = withSession(sessions, async (request, session) => {
      if (request.url.endsWith("/login")) await session.login("ada");
      if (request.url.endsWith("/logout")) await session.logout();
      return new Response("done");
    });
    const call = (path: string, cookie = "") =>
      handle(new Request(`https://shop.example${path}`, { headers: { cookie } }));
    const login = await call("/login");
    expect(login.headers.get(seam.headers.affinity)).toBeNull();
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0];
    expect((await call("/", cookie)).headers.get(seam.headers.affinity)).toBeNull();
    expect((await call("/logout", cookie)).headers.get(seam.headers.affinity)).toBe(seam.headers.affinityEnd);
  });
});
