// A proxy by hand: node:http on both sides with a keep-alive agent.
import { Agent, createServer, request } from "node:http";
import { ready } from "../lib/peer.mjs";
import { choose } from "./affinity.mjs";

const { ports } = JSON.parse(process.argv[2]);
const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
const server = createServer((incoming, outgoing) => {
  const { index, setCookie } = choose(incoming.headers.cookie, ports.length);
  const headers = { ...incoming.headers, "x-forwarded-for": incoming.socket.remoteAddress };
  const options = {
    agent,
    host: "127.0.0.1",
    port: ports[index],
    method: incoming.method,
    path: incoming.url,
    headers,
  };
  const forwarded = request(options, (answer) => {
    const answered = setCookie === undefined ? answer.headers : { ...answer.headers, "set-cookie": setCookie };
    outgoing.writeHead(answer.statusCode, answered);
    answer.pipe(outgoing);
  });
  forwarded.on("error", () => outgoing.writeHead(502).end());
  incoming.pipe(forwarded);
});
server.listen(0, "127.0.0.1", () => ready(server.address().port));
