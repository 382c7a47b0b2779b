// Two servers in one process that do as little as HTTP allows: what is measured is the proxy in front of them.
import { createServer } from "node:net";
import { ready } from "../lib/peer.mjs";

const BODY = '{"items":["apple","bread","cheese"],"user":"someone","note":"a body of about 95 bytes in all"}\n';

async function listen(name) {
  const answer = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Served-By: ${name}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  const server = createServer({ noDelay: true }, (socket) => {
    let tail = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      tail += chunk.latin1Slice();
      for (let end = tail.indexOf("\r\n\r\n"); end !== -1; end = tail.indexOf("\r\n\r\n")) {
        tail = tail.slice(end + 4);
        socket.write(answer);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server.address().port;
}

const ports = [await listen("shop-1"), await listen("shop-2")];
ready(ports);
