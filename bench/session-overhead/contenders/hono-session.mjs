// @hono/session, the middleware in honojs/middleware, as its README has it: `useSessionStorage` before `useSession`, and
// `duration.absolute`, which it recommends. Its storage here is a Map, so that no store is slower than another's; the
// cookie is an encrypted JSON Web Token that names the session.
import { useSession, useSessionStorage } from "@hono/session";
import { nextUser, PROFILE } from "../../lib/data.mjs";

export function create(_framework, { keys }) {
  const sessions = new Map();
  const storage = {
    get: (id) => sessions.get(id),
    set: (id, data) => void sessions.set(id, data),
    delete: (id) => void sessions.delete(id),
  };
  const known = (data) => ({ user: data?.user ?? null, n: data?.n ?? 0 });
  return {
    use: [useSessionStorage(storage), useSession({ secret: keys, duration: { absolute: 12 * 3_600 } })],
    of: (c) => c.var.session,
    async login(session) {
      await session.update({ user: nextUser(), n: 1, profile: PROFILE });
      return known(session.data);
    },
    read: async (session) => known(await session.get()),
    async add(session) {
      await session.update((data) => ({ ...data, n: (data?.n ?? 0) + 1 }));
      return known(session.data);
    },
  };
}
