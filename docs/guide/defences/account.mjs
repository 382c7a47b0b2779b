import { createSessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import express from "express";

const sessions = createSessions({
  store: sqliteStore(process.env.SHOP_DB ?? "shop.db"),
  cookie: { insecureLoopback: true }, // for http://127.0.0.1; leave it out where there is https
  binding: { userAgent: "step-up", address: "report" },
  csrf: "token",
  limit: { sessions: 5 },
  onEvent: (event) => console.log(JSON.stringify(event)),
});
const session = expressSession(sessions);
const app = express().use(session, express.urlencoded({ extended: false }));

app.get("/login", (req, res) => res.json({ token: session.of(req).csrfToken() }));
app.post("/login", async (req, res) => {
  await session.of(req).login("ada"); // check the password first
  res.sendStatus(204);
});

/** The second factor: whoever passes it is at level 2 from then on, and on the device that it was passed on. */
app.post("/second-factor", async (req, res) => {
  await session.of(req).elevate(2); // check the code first
  res.sendStatus(204);
});

/** A stolen session is not enough to change this: the user has proved who they are within the last ten minutes. */
app.post("/email", async (req, res) => {
  await sessions.requireFresh(session.of(req), "10m", 2);
  await sessions.endOthers(session.of(req));
  res.sendStatus(204);
});

app.get("/devices", async (req, res) => {
  const { userId } = session.of(req);
  if (userId === undefined) return res.sendStatus(401);
  const list = await sessions.list(userId, session.of(req));
  res.json(list.map(({ id, device, lastSeenAt, current }) => ({ id, device, lastSeenAt, current })));
});
app.post("/devices/:id/end", async (req, res) => {
  const { userId } = session.of(req);
  await sessions.requireFresh(session.of(req), "30m");
  // Only one's own: the ids of others are no secret.
  const own = userId !== undefined && (await sessions.list(userId)).some(({ id }) => id === req.params.id);
  if (!own) return res.sendStatus(404);
  await sessions.end(req.params.id);
  res.sendStatus(204);
});

app.use((error, _req, res, _next) => res.status(error.status ?? 500).json({ error: error.code ?? "INTERNAL_ERROR" }));
const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () =>
  console.log(`ready ${server.address().port}`),
);
