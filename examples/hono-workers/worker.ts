import { createSessions } from "@sojourn/session";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { honoSession } from "@sojourn/session/hono";
import { Hono } from "hono";

interface Env {
  /** `sojourn keygen` prints one; `wrangler secret put SOJOURN_KEYS` keeps it. */
  readonly SOJOURN_KEYS: string;
}

function createApp(env: Env) {
  const carrier = sealedCookie({ revocation: "none" }); // the session travels in its cookie: no store
  const session = honoSession(createSessions<{ visits: number }>({ carrier, keys: env.SOJOURN_KEYS }));
  const app = new Hono();
  app.use(session);
  app.post("/login", async (c) => {
    await session.of(c).login("123", { persistent: true });
    return c.text("Logged in");
  });
  app.post("/logout", async (c) => {
    await session.of(c).logout();
    return c.redirect("/", 303);
  });
  app.get("/", (c) => {
    const s = session.of(c);
    if (s.userId === undefined) return c.text("Unauthorized", 401);
    return c.json({ user: s.userId, visits: s.increment("visits") });
  });
  return app;
}

/** Workers give the environment with each request; it is the same one while an isolate lives. */
let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request: Request, env: Env): Response | Promise<Response> {
    app ??= createApp(env);
    return app.fetch(request, env);
  },
};
