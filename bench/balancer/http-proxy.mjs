import { Agent, createServer } from "node:http";
import httpProxy from "http-proxy";
import { ready } from "../lib/peer.mjs";
import { choose } from "./affinity.mjs";

const { ports } = JSON.parse(process.argv[2]);
const targets = ports.map((port) => `http://127.0.0.1:${port}`);
const proxy = httpProxy.createProxyServer({ agent: new Agent({ keepAlive: true, maxFreeSockets: 256 }), xfwd: true });
proxy.on("error", (_error, _request, response) => response.writeHead?.(502).end());
const server = createServer((incoming, outgoing) => {
  const { index, setCookie } = choose(incoming.headers.cookie, targets.length);
  if (setCookie !== undefined) outgoing.setHeader("set-cookie", setCookie);
  proxy.web(incoming, outgoing, { target: targets[index] });
});
server.listen(0, "127.0.0.1", () => ready(server.address().port));
