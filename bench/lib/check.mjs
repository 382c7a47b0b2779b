// A contender that has lost its session answers quickly: nothing is measured that does not first do its work.

/** @throws Error when the contender does not log in, read and write. */
export async function check(name, port) {
  const cookies = new Map();
  async function ask(method, path) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: cookie === "" ? {} : { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [, key, value] = /^([^=]*)=([^;]*)/.exec(line);
      cookies.set(key, value);
    }
    return answer.text();
  }
  const one = '{"user":"1","n":1}';
  // Without a session nothing is counted.
  const two = name.startsWith("bare-") ? one : '{"user":"1","n":2}';
  const expected = [one, one, two, two];
  const answers = [];
  for (const asked of ["POST /login", "GET /n", "POST /n", "GET /n"]) answers.push(await ask(...asked.split(" ")));
  if (answers.join() !== expected.join()) throw new Error(`${name} answered ${answers} instead of ${expected}`);
  if (cookies.size !== (name.startsWith("bare-") ? 0 : 1)) throw new Error(`${name} set ${cookies.size} cookies`);
}
