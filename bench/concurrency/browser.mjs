import { request } from "node:http";

/** A cookie jar over keep-alive connections. Cookies are kept in the order in which responses arrive, as browsers do. */
export function createBrowser(port, agent, jar = new Map()) {
  let failed = 0;

  /** @returns {Promise<{ status: number, set: string[], body: string }>} `set`: the cookies given, `name=value` */
  function send(method, path) {
    return new Promise((resolve, reject) => {
      const headers = jar.size === 0 ? {} : { Cookie: pairs().join("; ") };
      const sent = request({ host: "127.0.0.1", port, method, path, agent, headers }, (response) => {
        const lines = response.headers["set-cookie"] ?? [];
        const set = lines.map(keep).filter((pair) => pair !== undefined);
        const status = response.statusCode;
        if (status >= 500) failed++;
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk)).on("error", reject);
        response.on("end", () => resolve({ status, set, body: Buffer.concat(chunks).toString("utf8") }));
      });
      sent.on("error", reject);
      sent.end();
    });
  }

  /** @returns the pair that was set; undefined: the cookie was removed. */
  function keep(line) {
    const [pair, ...attributes] = line.split(";").map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf("="));
    if (attributes.some((text) => /^max-age=0$/i.test(text) || hasElapsed(text))) {
      jar.delete(name);
      return undefined;
    }
    jar.set(name, pair.slice(name.length + 1));
    return pair;
  }

  const pairs = () => [...jar].map((pair) => pair.join("="));
  return {
    post: (path) => send("POST", path),
    cookies: pairs,
    failures: () => failed,
    async session() {
      const { status, body } = await send("GET", "/session");
      if (status !== 200) throw new Error(`the server on port ${port} answered GET /session with ${status}`);
      return JSON.parse(body);
    },
    /** Somebody else who holds the cookies of this moment. */
    copy: () => createBrowser(port, agent, new Map(jar)),
  };
}

function hasElapsed(attribute) {
  const date = /^expires=(.*)$/i.exec(attribute)?.[1];
  return date !== undefined && Date.parse(date) <= Date.now();
}
