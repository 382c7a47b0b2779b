import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { createSessions } from "@sojourn/session";
import { withSession } from "@sojourn/session/fetch";
import { dynamodbStore } from "@sojourn/session/stores/dynamodb";
import { type HttpEvent, type HttpResult, requestOf, resultOf } from "./api-gateway.js";

// Region, credentials and SOJOURN_KEYS come from the function's environment.
const dynamodb = new DynamoDB({ maxAttempts: 3, requestHandler: { connectionTimeout: 500, requestTimeout: 600 } });
const unfinished: Promise<unknown>[] = [];
const sessions = createSessions<{ cart: string[] }>({
  store: dynamodbStore(dynamodb, { table: process.env.SESSIONS_TABLE ?? "sojourn-sessions" }),
  runtime: { waitUntil: (work) => void unfinished.push(work) },
});

const shop = withSession(sessions, async (request, session) => {
  const route = `${request.method} ${new URL(request.url).pathname}`;
  if (route === "POST /login")
    await session.login("ada"); // check the password first
  else if (route === "POST /logout") await session.logout();
  else if (route === "POST /cart") session.push("cart", await request.text());
  else if (route !== "GET /cart") return new Response("Not found", { status: 404 });
  return Response.json({ user: session.userId ?? null, items: session.get("cart") ?? [] });
});

export async function handler(event: HttpEvent): Promise<HttpResult> {
  const result = await resultOf(await shop(requestOf(event)));
  // Lambda freezes the process as soon as the result is out.
  await Promise.allSettled(unfinished.splice(0));
  return result;
}
