import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify } from "jose";
import { expect, it, vi } from "vitest";
import { tempDir } from "../fixtures/temp-dir.ts";
import { root } from "./guide-page.ts";

it("docs/guide/stateful-or-stateless/api.mjs: its tokens are checked by its JWKS, and a logout is final", async () => {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  vi.stubEnv("SHOP_SIGNING_KEYS", JSON.stringify([{ ...(await exportJWK(privateKey)), kid: "1" }]));
  vi.stubEnv("SHOP_DB", join(tempDir(), "shop.db"));
  vi.stubEnv("SOJOURN_KEYS", generateKey(createSystemRandom()));
  const { handle }: { handle: (request: Request) => Promise<Response> } = await import(
    pathToFileURL(join(root, "docs/guide/stateful-or-stateless/api.mjs")).href
  );
  const call = (path: string, token?: string) => {
    const headers: Record<string, string> = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return handle(new Request(`https://api.example.com${path}`, { method: "POST", headers }));
  };
  const token = (await call("/login")).headers.get("session-token") ?? "";
  const keys = createLocalJWKSet((await (await call("/.well-known/jwks.json")).json()) as JSONWebKeySet);
  const checks = { issuer: "https://api.example.com", audience: "shop", typ: "session+jwt", algorithms: ["ES256"] };
  expect((await jwtVerify(token, keys, checks)).payload.sub).toBe("ada");
  expect(await (await call("/", token)).json()).toEqual({ user: "ada" });
  await call("/logout", token);
  expect(await (await call("/", token)).json()).toEqual({ user: null });
});
