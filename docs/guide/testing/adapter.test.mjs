import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { nodeSession } from "@sojourn/session/node";
import { adapterSuite } from "@sojourn/session/testing";

/** The adapter under test; put yours in its place. */
const adapter = (sessions, handler) => nodeSession(sessions).handle(handler);

async function serve(sessions, routes) {
  const server = createServer(
    adapter(sessions, async (request, response, session) => {
      const { status = 200, headers = [], body = "" } = await routes[request.url](session);
      response.statusCode = status;
      for (const [name, value] of headers) response.appendHeader(name, value);
      if (typeof body === "string") return response.end(body);
      for await (const piece of body) if (!response.write(piece)) await once(response, "drain");
      response.end();
    }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.close().closeAllConnections();
      await once(server, "close");
    },
  };
}

adapterSuite("mine", serve, { test });
