// One shop process of the proof: `node shop.mjs VARIANT NAME`, told by IPC where it listens. All variants have the same
// routes and the same pause for a price lookup between reading and writing the session, as real handlers have.
import { setTimeout as pause } from "node:timers/promises";
import express from "express";

const LOOKUP_MS = 5;
const SLOW_LOOKUP_MS = 500;

const [variant, name] = process.argv.slice(2);
process.on("disconnect", () => process.exit(0));

const { default: useSessions } = await import(`./sessions-${variant}.mjs`);
const app = express().disable("x-powered-by");
app.use((_request, response, next) => {
  response.set("X-Served-By", name);
  next();
});
app.get("/healthz", (_request, response) => response.send("ok"));
/** @type {{ user(request): string | null, items(request): string[], login(request, user), add(request, item), logout(request, response) }} */
const sessions = useSessions(app);
app.use(express.json());
app.get("/cart", (request, response) => {
  response.json({ user: sessions.user(request), items: sessions.items(request), servedBy: name });
});
app.post("/login", async (request, response) => {
  await sessions.login(request, request.body.user);
  response.sendStatus(204);
});
app.post("/cart", async (request, response) => {
  const slow = request.get("X-Slow") !== undefined;
  if (slow) process.send({ kind: "slow" });
  await pause(slow ? SLOW_LOOKUP_MS : LOOKUP_MS);
  await sessions.add(request, request.body.item);
  response.sendStatus(204);
});
app.post("/logout", async (request, response) => {
  await sessions.logout(request, response);
  response.sendStatus(204);
});
app.use((error, _request, response, _next) => {
  response
    .status(error.status ?? 500)
    .type("text")
    .send(error.code ?? error.message);
});
const server = app.listen(0, "127.0.0.1", () => process.send({ kind: "ready", port: server.address().port }));
