// express-session with connect-redis or connect-pg-simple, on plain node:http: `resave: false` because both stores have
// `touch`, `saveUninitialized: false` for login sessions, and at login `regenerate`, then `save`. It knows no users: there
// is nothing to list, and nobody to revoke.
import { promisify } from "node:util";
import session from "express-session";
import { nextUser, PROFILE } from "../data.mjs";

const stores = {
  async redis(client) {
    const { RedisStore } = await import("connect-redis");
    return new RedisStore({ client });
  },
  async postgres(pool) {
    const { default: connect } = await import("connect-pg-simple");
    const Store = connect(session);
    const store = new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    // Makes the table, so that no measured request does.
    await promisify(store.get).call(store, "none");
    return store;
  },
};

export async function create(database, client, { keys }) {
  const use = session({ store: await stores[database](client), secret: keys, resave: false, saveUninitialized: false });
  const known = ({ user, n }) => ({ user: user ?? null, n: n ?? 0 });
  return {
    around: (handle) => (req, res) => use(req, res, (error) => (error ? res.destroy(error) : handle(req, res, req))),
    async login(req) {
      await promisify(req.session.regenerate).call(req.session);
      Object.assign(req.session, { user: nextUser(), n: 1, profile: PROFILE });
      await promisify(req.session.save).call(req.session);
      return known(req.session);
    },
    read: (req) => known(req.session),
    add(req) {
      req.session.n = (req.session.n ?? 0) + 1;
      return known(req.session);
    },
    begin(req) {
      req.session.n = 1;
      return known(req.session);
    },
    async logout(req) {
      await promisify(req.session.destroy).call(req.session);
      return null;
    },
  };
}
