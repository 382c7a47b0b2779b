import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import express from "express";

const sessions = createSessions({ store: sqliteStore("shop.db"), cookie: { insecureLoopback: true } });
const session = expressSession(sessions);

const app = express();
app.get("/healthz", (_req, res) => res.end());
app.use(session, express.urlencoded());

app.post("/login", async (req, res) => {
  await session.of(req).login(req.body.user); // check the password first
  res.end();
});
app.post("/cart", (req, res) => {
  session.of(req).push("cart", req.body.item);
  res.end();
});
app.get("/cart", (req, res) => {
  const { userId = null } = session.of(req);
  res.json({ user: userId, items: session.of(req).get("cart") ?? [] });
});
app.get("/count", (req, res) => {
  res.json(session.of(req).get("cart")?.length ?? 0);
});
app.post("/logout", async (req, res) => {
  await session.of(req).logout();
  res.end();
});

app.listen(process.env.PORT ?? 3000);
