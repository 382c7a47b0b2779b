// The peer: what express-session keeps for a user who has logged in and put one thing into the cart.
import { randomUUID } from "node:crypto";
import expressSession from "express-session";
import { newSku, randomText } from "./random.mjs";

export function createPeer() {
  const store = new expressSession.MemoryStore();
  const cookie = new expressSession.Cookie({ maxAge: 1_800_000 });
  const create = ({ id, session }) => new Promise((resolve) => store.set(id, session, resolve));
  return {
    make: () => ({
      id: randomText(24),
      session: { cookie, userId: randomUUID(), theme: "dark", lang: "en-GB", cart: [newSku()] },
    }),
    create,
    sweeps: [],
  };
}
