// The load generator: keep-alive connections over raw sockets, each a client with its own cookies, each sending its
// next request when the last is answered. A process of its own, so that its CPU time is nobody else's.
import { connect } from "node:net";
import { ready } from "./peer.mjs";

let clients = [];
process.on("message", async (message) => {
  if (message === "cpu") return;
  try {
    process.send({ result: await handlers[message.do](message) });
  } catch (error) {
    process.send({ error: error.message });
  }
});
ready(0);

const handlers = {
  /** Connects and sends `first` on every connection, so that every client has its cookies. */
  async open({ port, connections, first }) {
    clients = await Promise.all(Array.from({ length: connections }, () => createClient(port)));
    await Promise.all(clients.map((client) => client.send(first)));
    for (const client of clients) client.pinned = client.servedBy;
  },
  /** Sends `requests` of them over all connections. */
  async run({ request, requests }) {
    let left = requests;
    const began = performance.now();
    await Promise.all(
      clients.map(async (client) => {
        while (left-- > 0) await client.send(request);
      }),
    );
    const moved = clients.filter((client) => client.servedBy !== client.pinned).length;
    return { seconds: (performance.now() - began) / 1000, moved };
  },
  async close() {
    for (const client of clients) client.socket.destroy();
    clients = [];
  },
};

async function createClient(port) {
  const socket = connect(port, "127.0.0.1").setNoDelay();
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  const cookies = new Map();
  let cookieLine = "";
  let answered;
  let failed;
  let held = Buffer.alloc(0);
  const client = { socket, send, servedBy: undefined, pinned: undefined };
  let broken;
  const fail = (why) => {
    broken ??= new Error(`the peer on port ${port} ${why}`);
    failed?.(broken);
  };
  socket.on("error", (error) => fail(error.message)).on("close", () => fail("closed a connection"));
  socket.on("data", (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const headEnd = held.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = held.latin1Slice(0, headEnd);
    const end = bodyEnd(head, headEnd + 4);
    if (end === undefined || held.length < end) return;
    if (held.length > end) return fail("sent more than was asked for");
    held = Buffer.alloc(0);
    if (!head.startsWith("HTTP/1.1 20")) return fail(`answered ${head.split("\r\n", 1)[0]}`);
    keep(head);
    answered();
  });
  return client;

  function send({ method, path }) {
    if (broken !== undefined) return Promise.reject(broken);
    return new Promise((resolve, reject) => {
      answered = resolve;
      failed = reject;
      const body = method === "GET" ? "" : "Content-Length: 0\r\n";
      const cookie = cookieLine === "" ? "" : `Cookie: ${cookieLine}\r\n`;
      socket.write(
        `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: bench\r\nAccept: */*\r\n${cookie}${body}\r\n`,
      );
    });
  }

  function bodyEnd(head, bodyAt) {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) return bodyAt + Number(length);
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const last = held.indexOf("0\r\n\r\n", bodyAt);
      return last === -1 ? undefined : last + 5;
    }
    if (head.startsWith("HTTP/1.1 204")) return bodyAt;
    fail("sent no length");
    return undefined;
  }

  function keep(head) {
    client.servedBy = /\r\nx-served-by: *([^\r]*)/i.exec(head)?.[1];
    for (const [, name, value] of head.matchAll(/\r\nset-cookie: *([^=;\r]+)=([^;\r]*)/gi)) {
      cookies.set(name, value);
      cookieLine = [...cookies].map((pair) => pair.join("=")).join("; ");
    }
  }
}
