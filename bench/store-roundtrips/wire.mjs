// Stands between a client and its database and counts what goes by: commands, and how often the client has to wait.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** @param {"redis" | "postgres"} database whose protocol is spoken @param {number} port where it listens */
export async function countWire(database, port) {
  const sockets = new Set();
  let commands = [];
  let roundTrips = 0;
  let bytes = 0;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1").setNoDelay();
    client.setNoDelay();
    const parse = parsers[database]((name) => commands.push(name));
    // What is sent while an answer is awaited shares its round trip.
    let waiting = false;
    client.on("data", (chunk) => {
      bytes += chunk.length;
      if (!waiting) roundTrips++;
      waiting = true;
      parse(chunk);
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      bytes += chunk.length;
      waiting = false;
      client.write(chunk);
    });
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(one);
      one
        .on("error", () => other.destroy())
        .on("close", () => {
          sockets.delete(one);
          other.destroy();
        });
    }
  }).listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    port: server.address().port,
    /** What has gone by since the last time it was asked, once nothing more comes. */
    async take() {
      for (let before = -1; before !== bytes; ) {
        before = bytes;
        await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      }
      const taken = { commands, roundTrips };
      commands = [];
      roundTrips = 0;
      return taken;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** What follows a response, a touch for instance, is counted with it. */
const QUIET_MS = 40;

const parsers = {
  /** RESP: every command is an array of bulk strings. */
  redis(say) {
    let held = Buffer.alloc(0);
    return (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (let at = 0; ; ) {
        const line = lineAt(held, at);
        if (line === undefined) return;
        let next = line.end;
        let name;
        let count = Number(line.text.slice(1));
        for (; count > 0; count--) {
          const size = lineAt(held, next);
          if (size === undefined) return;
          const from = size.end;
          next = from + Number(size.text.slice(1)) + 2;
          if (next > held.length) return;
          name ??= held.latin1Slice(from, next - 2).toUpperCase();
        }
        say(name);
        held = held.subarray(next);
        at = 0;
      }
    };
  },

  /** The frontend's messages: a type, a length that counts itself, the rest. The first has no type. */
  postgres(say) {
    let held = Buffer.alloc(0);
    let started = false;
    return (chunk) => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const typed = started ? 1 : 0;
        if (held.length < typed + 4) return;
        const length = typed + held.readUInt32BE(typed);
        if (held.length < length) return;
        const type = started ? String.fromCharCode(held[0]) : "";
        if (type === "Q" || type === "E") say(type === "Q" ? "query" : "execute");
        started = true;
        held = held.subarray(length);
      }
    };
  },
};

function lineAt(buffer, at) {
  const end = buffer.indexOf("\r\n", at);
  return end === -1 ? undefined : { text: buffer.latin1Slice(at, end), end: end + 2 };
}
