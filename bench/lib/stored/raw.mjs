// No session: what one look into the database costs, by the client alone. The value is as large as a small session.
import { PROFILE } from "../data.mjs";

const KEY = "raw:session";
const VALUE = JSON.stringify({ user: "1", n: 1, profile: PROFILE, cookie: { path: "/", httpOnly: true } });

const looks = {
  async redis(client) {
    await client.set(KEY, VALUE);
    return () => client.get(KEY);
  },
  async postgres(pool) {
    await pool.query("CREATE TABLE IF NOT EXISTS raw_session (id text PRIMARY KEY, value text NOT NULL)");
    await pool.query("INSERT INTO raw_session VALUES ($1, $2) ON CONFLICT DO NOTHING", [KEY, VALUE]);
    // Named, so that it is planned once, as ours is.
    const look = { name: "raw", text: "SELECT value FROM raw_session WHERE id = $1", values: [KEY] };
    return async () => (await pool.query(look)).rows[0]?.value;
  },
};

export async function create(database, client) {
  const look = await looks[database](client);
  const known = { user: "1", n: 1 };
  async function read() {
    if ((await look()) !== VALUE) throw new Error("the database has lost the value");
    return known;
  }
  return { around: (handle) => (req, res) => void handle(req, res), login: read, read, add: read };
}
