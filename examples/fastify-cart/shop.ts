import { createSessions } from "@sojourn/session";
import { fastifySession } from "@sojourn/session/fastify";
import { memoryStore } from "@sojourn/session/stores/memory";
import fastify from "fastify";

const sessions = createSessions<{ cart: string[] }>({ store: memoryStore() });
const session = fastifySession(sessions);
const app = fastify();
app.register(session);

const stringIn = (name: string) => ({
  schema: { body: { type: "object", required: [name], properties: { [name]: { type: "string", minLength: 1 } } } },
});

app.post<{ Body: { user: string } }>("/login", stringIn("user"), async (request, reply) => {
  await session.of(request).login(request.body.user); // the cart stays
  return reply.code(204).send();
});
app.post<{ Body: { item: string } }>("/cart", stringIn("item"), async (request, reply) => {
  session.of(request).push("cart", request.body.item); // parallel requests lose none
  return reply.code(204).send();
});
app.get("/cart", async (request) => {
  const s = session.of(request); // typed, no declaration merging
  return { user: s.userId ?? null, items: s.get("cart") ?? [] };
});
app.post("/logout", async (request, reply) => {
  await session.of(request).logout();
  return reply.code(204).send();
});

console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" }));
