import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import express from "express";

const sessions = createSessions<{ cart: string[] }>({ store: sqliteStore("shop.db"), keys: process.env.SOJOURN_KEYS });
const session = expressSession(sessions);
const app = express().use(session, express.json());
app.post("/login", async (req, res) => {
  await session.of(req).login(req.body.user);
  res.sendStatus(204);
});
app.post("/cart", (req, res) => {
  session.of(req).push("cart", req.body.item);
  res.sendStatus(204);
});
app.get("/cart", (req, res) => {
  const s = session.of(req); // typed, no declaration merging
  res.json({ user: s.userId ?? null, items: s.get("cart") ?? [] });
});
app.post("/logout", async (req, res) => {
  await session.of(req).logout();
  res.sendStatus(204);
});
app.listen(process.env.PORT ?? 3000);
