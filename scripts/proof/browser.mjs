import { request } from "node:http";

/** One person's browser: a cookie jar and keep-alive connections to one origin. */
export function createBrowser(origin, agent, cookies = new Map()) {
  const counts = { sent: 0, failed: 0 };

  /** @returns {Promise<{ status: number, servedBy: string | undefined, body: string }>} status 0: no answer at all */
  async function send(method, path, json, headers = {}) {
    counts.sent++;
    const answer = await exchange(method, path, json, headers);
    if (answer.status === 0 || answer.status >= 500) counts.failed++;
    return answer;
  }

  function exchange(method, path, json, headers) {
    const body = json === undefined ? undefined : JSON.stringify(json);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    return new Promise((resolve) => {
      const failed = () => resolve({ status: 0, servedBy: undefined, body: "" });
      const sent = request(
        new URL(path, origin),
        {
          agent,
          method,
          headers: {
            ...headers,
            ...(cookie === "" ? {} : { Cookie: cookie }),
            ...(body === undefined
              ? {}
              : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) }),
          },
        },
        (response) => {
          keep(response.headers["set-cookie"] ?? []);
          const chunks = [];
          response.on("data", (chunk) => chunks.push(chunk));
          response.on("error", failed);
          response.on("end", () =>
            resolve({
              status: response.statusCode,
              servedBy: response.headers["x-served-by"],
              body: Buffer.concat(chunks).toString("utf8"),
            }),
          );
        },
      );
      sent.on("error", failed);
      sent.end(body);
    });
  }

  function keep(lines) {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const gone = attributes.some((text) => /^max-age=0$/i.test(text) || elapsed(text));
      if (gone) cookies.delete(pair.slice(0, at));
      else cookies.set(pair.slice(0, at), pair.slice(at + 1));
    }
  }

  return {
    counts,
    get: (path) => send("GET", path),
    post: (path, json, headers) => send("POST", path, json, headers),
    async cart() {
      const { status, servedBy, body } = await send("GET", "/cart");
      const { user = null, items = [] } = status === 200 ? JSON.parse(body) : {};
      return { status, servedBy, user, items };
    },
    /** Another browser that somebody copied these cookies to. */
    copy: () => createBrowser(origin, agent, new Map(cookies)),
  };
}

function elapsed(attribute) {
  const match = /^expires=(.*)$/i.exec(attribute);
  return match !== null && Date.parse(match[1]) <= Date.now();
}
