import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createSystemRandom, generateKey } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { nodeSession } from "@sojourn/session/node";
import { expect, it, onTestFinished } from "vitest";
import { startNginx } from "../fixtures/real-servers.ts";
import { requireServer } from "../fixtures/require-server.ts";
import { root } from "./guide-page.ts";

/** A shop whose cart fills several cookies. */
async function startShop(): Promise<number> {
  const sessions = createSessions<{ cart: string }>({
    carrier: sealedCookie({ revocation: "none" }),
    keys: generateKey(createSystemRandom()),
    trustProxy: ["127.0.0.1"],
    env: {},
  });
  const handle = nodeSession(sessions).handle((request, response, session) => {
    if (request.method === "POST") session.set("cart", "x".repeat(5_000));
    response.end(String(session.get("cart")?.length ?? 0));
  });
  const server = createServer(handle);
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

requireServer("nginx")("a sealed session of 5 KB behind nginx", () => {
  const guide = readFileSync(join(root, "docs/guide/production.md"), "utf8");
  const [settings = ""] = /proxy_buffer_size 16k; [^`]+;/.exec(guide) ?? [];
  it.each([
    ["as nginx comes", "", 502],
    ["with the settings of the guide", settings, 200],
  ])("%s", async (_, more, status) => {
    const shop = await startShop();
    const { port } = await startNginx(
      (free) => `server {
        listen 127.0.0.1:${free}; ${more}
        location / { proxy_pass http://127.0.0.1:${shop}; proxy_set_header X-Forwarded-Proto https; }
      }`,
    );
    const url = `http://127.0.0.1:${port}/`;
    const first = await fetch(url, { method: "POST" });
    expect(first.status).toBe(status);
    if (status !== 200) return;
    const cookie = first.headers.getSetCookie().map((line) => line.split(";")[0]);
    expect(cookie.length).toBe(2);
    expect(await (await fetch(url, { headers: { cookie: cookie.join("; ") } })).text()).toBe("5000");
  });
});
