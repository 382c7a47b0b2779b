// express-session as its README shows it, with its own memory store. It sends a response's head before the session is
// saved and holds the last byte back, so a kill at that moment cuts an answer that nobody can retry.
import session from "express-session";

export default function useSessions(app) {
  app.use(session({ secret: process.env.PROOF_SECRET, resave: false, saveUninitialized: false, name: "sid" }));
  const done = (resolve, reject) => (error) => (error ? reject(error) : resolve());
  return {
    user: (request) => request.session.user ?? null,
    items: (request) => request.session.cart ?? [],
    async login(request, user) {
      const { cart } = request.session;
      await new Promise((resolve, reject) => request.session.regenerate(done(resolve, reject)));
      Object.assign(request.session, { user, cart });
    },
    add(request, item) {
      request.session.cart = [...(request.session.cart ?? []), item];
    },
    async logout(request, response) {
      await new Promise((resolve, reject) => request.session.destroy(done(resolve, reject)));
      response.clearCookie("sid");
    },
  };
}
