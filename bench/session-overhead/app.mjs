// One Express app that reads and writes a session, or none. What is measured is the difference.
import express from "express";
import { ready } from "../lib/peer.mjs";

const { kind, keys, file } = JSON.parse(process.argv[2]);
const app = express();
app.disable("x-powered-by");

/** By kind: middleware, and how a handler reads and raises its counter. */
const kinds = {
  async none() {
    let n = 0;
    return { read: () => n, add: () => ++n };
  },
  async "express-session"() {
    const { default: expressSession } = await import("express-session");
    return {
      use: expressSession({ secret: keys, resave: false, saveUninitialized: false }),
      read: (req) => req.session.n,
      add(req) {
        req.session.n = (req.session.n ?? 0) + 1;
        return req.session.n;
      },
    };
  },
  async "sojourn-memory"() {
    const { memoryStore } = await import("@sojourn/session/stores/memory");
    return ours(memoryStore());
  },
  async "sojourn-sqlite"() {
    const { sqliteStore } = await import("@sojourn/session/stores/sqlite");
    return ours(sqliteStore(file));
  },
};

async function ours(store) {
  const { createSessions } = await import("@sojourn/session");
  const { expressSession } = await import("@sojourn/session/express");
  const use = expressSession(createSessions({ store, keys, cookie: { insecureLoopback: true } }));
  return {
    use,
    read: (req) => use.of(req).get("n"),
    add(req) {
      use.of(req).increment("n");
      return use.of(req).get("n");
    },
  };
}

const { use, read, add } = await kinds[kind]();
if (use !== undefined) app.use(use);
app.get("/n", (req, res) => res.json({ n: read(req) ?? 0 }));
app.post("/n", (req, res) => res.json({ n: add(req) }));
const server = app.listen(0, "127.0.0.1", () => ready(server.address().port));
