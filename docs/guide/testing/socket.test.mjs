import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { memoryStore } from "@sojourn/session/stores/memory";
import { createBrowser } from "@sojourn/session/testing";
import express from "express";

test("the session survives a redirect after login", async (t) => {
  const session = expressSession(createSessions({ store: memoryStore() }));
  const app = express().use(session);
  app.post("/login", async (req, res) => {
    await session.of(req).login("ada");
    res.redirect(303, "/me");
  });
  app.get("/me", (req, res) => res.json(session.of(req).userId ?? null));

  const server = app.listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  const browser = createBrowser();
  const response = await browser.request(`http://127.0.0.1:${server.address().port}/login`, { method: "POST" });
  assert.equal(await response.json(), "ada");
});
