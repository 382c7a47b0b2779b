// The least a hand-written proxy does to keep a client on its server: a cookie that holds the server's position.
const NAME = "affinity";
let next = 0;

/** @returns the position of the client's server, and the cookie to set when it had none. */
export function choose(cookieHeader, count) {
  const given = cookieHeader === undefined ? undefined : /(?:^|; )affinity=(\d)(?:;|$)/.exec(cookieHeader)?.[1];
  if (given !== undefined && Number(given) < count) return { index: Number(given), setCookie: undefined };
  const index = next++ % count;
  return { index, setCookie: `${NAME}=${index}; Path=/; HttpOnly` };
}
