// No library: the least that a session costs whose ids no dump of the store gives away. The cookie is found, its name and
// its secret are hashed, a record is looked up in a Map and its hash compared, and the answer says `Vary: Cookie`. No
// deadline is judged, no device looked at, nothing is copied, frozen or kept from a failed commit.
import { hash, randomBytes } from "node:crypto";
import { nextUser, PROFILE } from "../../lib/data.mjs";

const COOKIE = "session=";
const TOKEN_CHARS = 44;
const NAME_BYTES = 16;

export function create() {
  const records = new Map();

  function find({ headers }) {
    const at = headers.cookie?.indexOf(COOKIE) ?? -1;
    if (at === -1) return undefined;
    const from = at + COOKIE.length;
    const token = Buffer.from(headers.cookie.slice(from, from + TOKEN_CHARS), "base64url");
    const record = records.get(hash("sha256", token.subarray(0, NAME_BYTES), "base64url"));
    return record?.hash === hash("sha256", token.subarray(NAME_BYTES), "base64url") ? record : undefined;
  }

  return {
    around: (handle) => (req, res) => {
      const { writeHead } = res;
      res.writeHead = (status, headers) => writeHead.call(res, status, { ...headers, Vary: "Cookie" });
      return handle(req, res, { record: find(req), res });
    },
    login({ res }) {
      const token = randomBytes(2 * NAME_BYTES);
      const record = {
        hash: hash("sha256", token.subarray(NAME_BYTES), "base64url"),
        user: nextUser(),
        n: 1,
        profile: PROFILE,
      };
      records.set(hash("sha256", token.subarray(0, NAME_BYTES), "base64url"), record);
      res.setHeader("Set-Cookie", `${COOKIE}${token.toString("base64url")}; Path=/; HttpOnly`);
      return { user: record.user, n: record.n };
    },
    read: ({ record }) => ({ user: record?.user ?? null, n: record?.n ?? 0 }),
    add({ record }) {
      if (record !== undefined) record.n++;
      return { user: record?.user ?? null, n: record?.n ?? 0 };
    },
  };
}
