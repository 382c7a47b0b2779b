// The requirements of OWASP ASVS 5.0.0 that code can meet: V7 (7.2 to 7.6) and V3.3, in our own words.

/**
 * @typedef {object} Requirement
 * @property {string} number
 * @property {1 | 2 | 3} level the lowest that asks for it
 * @property {string} asks
 * @property {string} does what Sojourn does, by default and on request
 * @property {string} [sealed] where sealed cookies differ
 * @property {boolean} [sealedFails] sealed cookies do not meet it
 * @property {string} yours what stays the app's or the operator's
 */

export const EDITION = "5.0.0";

/** What a test carries in its `tags` to say that it shows a requirement. */
export const tagOf = (number) => `asvs-${number}`;

/** @type {readonly { title: string, requirements: readonly Requirement[] }[]} */
export const SECTIONS = [
  {
    title: "V7.2 Tokens",
    requirements: [
      {
        number: "7.2.1",
        level: 1,
        asks: "Tokens are judged by a trusted server.",
        does: "The server alone judges a token: it hashes name and secret and compares them with the record. A token that is altered, unknown, ended or malformed is no session, and is never adopted.",
        sealed: "The server opens the cookie by an authenticated cipher; one changed bit is no session.",
        yours: "Ask `session.userId` on the server for whatever needs a user; scripts in the page decide nothing.",
      },
      {
        number: "7.2.2",
        level: 1,
        asks: "Sessions are held by tokens made while running, not by fixed secrets.",
        does: "Every session begins under a new token, and login, elevation and rotation replace it. No key, id or user name is a token.",
        yours: "Access keys that you hand to machines are not sessions; Sojourn has no part in them.",
      },
      {
        number: "7.2.3",
        level: 1,
        asks: "Reference tokens are unique, come from a cryptographic random source and hold at least 128 bits of entropy.",
        does: "A token is 256 bits from the platform's `crypto.getRandomValues`: 128 that name the session and 128 that are its secret. A new secret is drawn whenever the token is replaced.",
        sealed: "There is no reference token: the cookie is the session, sealed by AES-256-GCM.",
        yours: "Hand in no `runtime.random` of your own outside tests.",
      },
      {
        number: "7.2.4",
        level: 1,
        asks: "Whoever authenticates, again too, gets a new token, and the one before it ends.",
        does: "`login` makes a new token, and the old one reads as no session as soon as it resolves, also when the same user logs in again. `elevate` makes a new token too; the old one keeps its old level, and counts for no fresh proof, for the grace time (30 s), so that requests under way do not fail.",
        sealed: "The cookie is replaced; a copy of the old one works until its deadline.",
        sealedFails: true,
        yours:
          "Call `login` or `elevate` whenever somebody has proved who they are; `login` where the old token must end at once.",
      },
    ],
  },
  {
    title: "V7.3 Timeouts",
    requirements: [
      {
        number: "7.3.1",
        level: 2,
        asks: "Inactivity for a time that you decide asks for a new authentication.",
        does: "`idle` (30 min) is kept by the server; after it the token is no session, and only a login makes one. Activity is noted once in `touchWindow` (1 min), so a session may end up to that much early.",
        yours:
          "Choose `idle`, and `persistent.idle` if you offer to remember people, from your risk analysis; `sessions.policy()` prints them.",
      },
      {
        number: "7.3.2",
        level: 2,
        asks: "A longest lifetime that you decide asks for a new authentication, whatever happens.",
        does: "`absolute` (12 h) counts from the login, stands inside the record, and moves for no activity, touch, rotation or elevation. `persist()` puts `persistent.absolute` in its place, counted from the same moment.",
        yours: "Choose `absolute` and `persistent.absolute` from your risk analysis.",
      },
    ],
  },
  {
    title: "V7.4 Ends",
    requirements: [
      {
        number: "7.4.1",
        level: 1,
        asks: "After logout, expiry or any other end the session cannot be used again.",
        does: "`logout` deletes the record before it resolves. No token, request under way or retry brings it back, and live connections are told (`onEnd`). What has expired reads as absent.",
        sealed:
          'Expiry holds. **Logout does not meet this requirement**: the browser drops its cookie, but a copy works until its deadline, and `revocation: "none"` has to be said to get that. Keep sessions in a store where this matters.',
        sealedFails: true,
        yours: "Call `logout`, and log out at the identity provider where there is one.",
      },
      {
        number: "7.4.2",
        level: 1,
        asks: "All sessions of an account end when it is disabled or deleted.",
        does: "`revokeUser(userId)` ends them all, also those whose login is under way.",
        sealed: "Not possible: `revokeUser` raises UNSUPPORTED.",
        sealedFails: true,
        yours: "Refuse the account's logins first, then call `revokeUser`.",
      },
      {
        number: "7.4.3",
        level: 2,
        asks: "After a change of password or second factor the user can end their other sessions.",
        does: "`endOthers(session)` ends all but this one.",
        sealed: "Not possible: `endOthers` raises UNSUPPORTED.",
        sealedFails: true,
        yours:
          "Offer it, or do it, after each such change. After a recovery, where nobody is logged in, call `revokeUser`.",
      },
      {
        number: "7.4.4",
        level: 2,
        asks: "Every page behind a login shows a way to log out.",
        does: "`logout()` needs nothing but the session, so that one form serves on every page; on a page that outlived its session it clears the cookie and does no harm.",
        yours: "All of the page: where `session.userId` is set, show the button.",
      },
      {
        number: "7.4.5",
        level: 2,
        asks: "Administrators can end the sessions of one user or of everybody.",
        does: "`list(userId)` and `end(id)`, `revokeUser(userId)`, and `revokeAll()` where the store can be scanned.",
        sealed: "Only by changing the keys, which ends everybody's.",
        sealedFails: true,
        yours: "The page or command that calls them, and who may use it.",
      },
    ],
  },
  {
    title: "V7.5 Abuse of living sessions",
    requirements: [
      {
        number: "7.5.1",
        level: 2,
        asks: "A full new authentication comes before changes to what authentication and recovery rest on.",
        does: "`requireFresh(session, maxAge, level)` refuses with 401 unless this session's user logged in or was elevated at most `maxAge` ago at `level` or above. A token from before that proof does not pass.",
        yours:
          "Call it in every such handler. It knows when a proof was last given and at which level, not which factors: to ask for all of them, give that a level of its own.",
      },
      {
        number: "7.5.2",
        level: 2,
        asks: "Users can see their sessions and, having authenticated again, end any or all of them.",
        does: "`list(userId, session)` gives device, times and which one is current; `requireFresh` asks for the proof; `end(id)`, `endOthers(session)` and `revokeUser(userId)` end one, the others or all.",
        sealed: "Not possible: `list` and `end` raise UNSUPPORTED.",
        sealedFails: true,
        yours: "The page, and the check that an id to be ended is on the user's own list.",
      },
      {
        number: "7.5.3",
        level: 3,
        asks: "Highly sensitive operations ask for a further factor or confirmation first.",
        does: '`elevate(level)` records the further factor and replaces the token; `requireFresh` with that level guards the operation. Under `binding: "step-up"` a session on another device is at level 0 until it proves itself again.',
        yours: "Check the factor before `elevate`, and say which operations need it.",
      },
    ],
  },
  {
    title: "V7.6 Federation",
    requirements: [
      {
        number: "7.6.1",
        level: 2,
        asks: "Lifetime and end of a session agree with the identity provider's as documented, up to the longest time between its authentications.",
        does: "`absolute` and `requireFresh` bound the time since the last login here; `end(id)` and `revokeUser(userId)` carry out what a provider says by back-channel logout.",
        sealed: "Only the deadlines hold; nothing can be ended from outside.",
        sealedFails: true,
        yours:
          "The protocol: ask the provider for a new authentication (`max_age`, `prompt=login`), check when it took place, keep `session.id` beside the provider's session id, and document how long each side lives.",
      },
      {
        number: "7.6.2",
        level: 2,
        asks: "No session of a user begins without an act or consent of theirs.",
        does: 'Reading pages begins nothing; only `login` makes a session a user\'s. Unless `csrf: "off"` is said, unsafe requests from other sites are refused before your handler runs, so that no other site can log somebody in by a form or script.',
        yours:
          "Log in on POST. A provider's redirect comes back as a GET, which Sojourn lets pass: tie it to what the user began (`state`, PKCE), and ask for an act of theirs before a silent login.",
      },
    ],
  },
  {
    title: "V3.3 Cookies",
    requirements: [
      {
        number: "3.3.1",
        level: 1,
        asks: "Cookies are Secure and their names begin with `__Host-` or else `__Secure-`.",
        does: "Always Secure; `__Host-session` by default, `__Secure-session` with `domain` or `path`. Over plain http to another machine no cookie is set. `insecureLoopback` is for this machine only and is refused under `NODE_ENV=production`.",
        yours: "If you give a name of your own, give it a prefix: one without is not refused.",
      },
      {
        number: "3.3.2",
        level: 2,
        asks: "SameSite is set to what the cookie is for.",
        does: "`SameSite=Lax` by default, `cookie.sameSite` otherwise; it is always written. Unsafe requests are judged by `Sec-Fetch-Site` and `Origin` besides.",
        yours: "Choose `strict` where nobody follows links into the app; `none` only for what is embedded elsewhere.",
      },
      {
        number: "3.3.3",
        level: 2,
        asks: "Names begin with `__Host-` unless the cookie is shared between hosts.",
        does: "The default. Only `domain` or `path` give it up, and a `__Host-` name with either is refused at construction.",
        yours: "Leave `domain` and `path` out unless hosts must share sessions.",
      },
      {
        number: "3.3.4",
        level: 2,
        asks: "What scripts need not read is HttpOnly and reaches the client by Set-Cookie alone.",
        does: "Always HttpOnly; there is no option against it. No call, event, log line or error gives the token out.",
        yours: "Do not copy the Cookie header into pages or logs.",
      },
      {
        number: "3.3.5",
        level: 3,
        asks: "Name and value of a cookie take at most 4096 bytes together.",
        does: "A token takes 43 characters. A sealed session that does not fit into one cookie of 4096 bytes, attributes included, is cut into several; beyond maxBytes the commit fails with COOKIE_TOO_LARGE, and the browser keeps the ones it has.",
        yours: "With sealed cookies, keep little data, or use a store.",
      },
    ],
  },
];

export const REQUIREMENTS = SECTIONS.flatMap(({ requirements }) => requirements);
