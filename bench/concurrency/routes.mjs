// What every server does, whatever keeps its sessions.

/** ms that a handler waits for something else between reading its session and changing it: a database, another service. */
const WORK_MS = 5;

const work = () => new Promise((resolve) => setTimeout(resolve, WORK_MS));

/** @returns by method and path: what to do with the request's session; it answers a status, or a body. */
export function createRoutes() {
  let release;
  const released = () => new Promise((resolve) => process.once("message", resolve));
  return {
    "POST /login": async (session, { user }) => {
      await session.login(user);
      return 204;
    },
    "GET /session": (session) => ({ user: session.user(), n: session.n(), items: session.items() }),
    "POST /add": changing(async (session, { item }) => {
      await work();
      await session.add(item);
    }),
    // Has read its session, and goes on when the driver says that the logouts are done.
    "POST /slow": changing(async (session) => {
      release ??= released().finally(() => {
        release = undefined;
      });
      process.send("begun");
      await release;
      await session.add("late");
    }),
    "POST /renew": changing(async (session) => {
      await work();
      await session.renew();
    }),
    "POST /logout": async (session) => {
      await session.logout();
      return 204;
    },
  };
}

function changing(change) {
  return async (session, query) => {
    if (session.user() === null) return 401;
    await change(session, query);
    return 204;
  };
}
