// One server with one session library. A peer's file in peers/ makes the app and gives each request's session the same
// seven words: user, items, login, add, renew, logout and n.
import { ready } from "../lib/peer.mjs";
import { createRoutes } from "./routes.mjs";

const { kind, ...input } = JSON.parse(process.argv[2]);
const FILES = {
  "sojourn-memory": "sojourn.mjs",
  "sojourn-sqlite": "sojourn.mjs",
  "express-session": "express-session.mjs",
  "@fastify/session": "fastify-session.mjs",
  "iron-session": "iron-session.mjs",
};
const { listen } = await import(new URL(`peers/${FILES[kind]}`, import.meta.url).href);
ready(await listen(createRoutes(), { ...input, kind }));
