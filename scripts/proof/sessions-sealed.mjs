// iron-session: everything in one encrypted cookie, nothing on the server.
import { getIronSession } from "iron-session";

export default function useSessions(app) {
  const options = { password: process.env.PROOF_SECRET, cookieName: "sealed", cookieOptions: { secure: false } };
  app.use(async (request, response, next) => {
    request.sealed = await getIronSession(request, response, options);
    next();
  });
  return {
    user: (request) => request.sealed.user ?? null,
    items: (request) => request.sealed.cart ?? [],
    async login(request, user) {
      request.sealed.user = user;
      await request.sealed.save();
    },
    async add(request, item) {
      request.sealed.cart = [...(request.sealed.cart ?? []), item];
      await request.sealed.save();
    },
    async logout(request) {
      request.sealed.destroy();
    },
  };
}
