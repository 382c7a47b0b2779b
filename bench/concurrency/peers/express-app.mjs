// Three of the libraries run under Express.
import { once } from "node:events";
import express from "express";

/** @param open gives the session of a request, as routes.mjs uses it */
export async function listenExpress(routes, use, open) {
  const app = express().disable("x-powered-by");
  if (use !== undefined) app.use(use);
  for (const [route, handle] of Object.entries(routes)) {
    const [method, path] = route.split(" ");
    app[method.toLowerCase()](path, async (req, res) => {
      const answer = await handle(await open(req, res), req.query);
      if (typeof answer === "number") res.sendStatus(answer);
      else res.json(answer);
    });
  }
  // Express knows an error handler by its four parameters.
  app.use((error, _req, res, _next) => res.sendStatus(error.status ?? 500));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server.address().port;
}
