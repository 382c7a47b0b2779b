import { createSessions } from "@sojourn/session";
import { jsonWebToken } from "@sojourn/session/carriers/jwt";
import { withSession } from "@sojourn/session/fetch";
import { sqliteStore } from "@sojourn/session/stores/sqlite";

const tokens = jsonWebToken({
  issuer: "https://api.example.com",
  audience: "shop",
  algorithm: "ES256",
  // A JSON list of JWKs. The first signs, all check.
  signingKeys: JSON.parse(process.env.SHOP_SIGNING_KEYS),
  header: true,
  refresh: { accessFor: "5m" },
  revocation: sqliteStore(process.env.SHOP_DB),
});
const sessions = createSessions({ carrier: tokens });

export const handle = withSession(sessions, async (request, session) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/.well-known/jwks.json") return Response.json(tokens.jwks());
  if (pathname === "/login") await session.login("ada");
  if (pathname === "/logout") await session.logout();
  return Response.json({ user: session.userId ?? null });
});
