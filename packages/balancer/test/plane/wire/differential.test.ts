import { once } from "node:events";
import { createServer, request as httpRequest, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../../src/plane/limits.ts";
import { BODY_NONE, BODY_UNKNOWN, RequestHead } from "../../../src/plane/request-head.ts";
import { BodyDecoder } from "../../../src/plane/wire/body-decoder.ts";
import { RequestParser } from "../../../src/plane/wire/request-parser.ts";
import { ResponseHead, ResponseParser } from "../../../src/plane/wire/response-parser.ts";

/**
 * Everything that our parsers accept, Node's own strict parser must accept with the same framing. The other direction
 * does not hold: we refuse more. Differences, each with its reason:
 *  - empty lines and trailers are compared by their effect (fields), not by their bytes;
 *  - Node joins or drops some repeated fields; raw fields are compared instead.
 */
const RUNS = Number(process.env.SOJOURN_FUZZ_RUNS ?? 1_500);

interface Message {
  readonly start: string;
  readonly fields: readonly string[];
  readonly body: string;
}

/** Our reading of one request that must lie in `bytes` completely. */
function readRequest(bytes: Buffer): Message | undefined {
  const parser = new RequestParser(DEFAULT_LIMITS);
  const head = new RequestHead();
  const at = parser.parse(bytes, 0, bytes.length, head);
  if (at < 0) return undefined;
  const line = /^(?:\r\n)*(\S+) (\S+) /.exec(bytes.toString("latin1"));
  const body = readBody(bytes, at, head.bodyLength === BODY_UNKNOWN, head.bodyLength);
  if (body === undefined) return undefined;
  return { start: `${line?.[1]} ${line?.[2]}`, fields: pairs(head.fields), body };
}

function readResponse(bytes: Buffer): Message | undefined {
  const parser = new ResponseParser(DEFAULT_LIMITS);
  const head = new ResponseHead();
  const at = parser.parse(bytes, 0, bytes.length, head, false);
  if (at < 0 || head.status < 200) return undefined;
  const start = `${head.status} ${head.reason}`;
  if (!head.hasBody) return at === bytes.length ? { start, fields: pairs(head.fields), body: "" } : undefined;
  if (!head.chunked && head.length === BODY_UNKNOWN) {
    return { start, fields: pairs(head.fields), body: bytes.toString("latin1", at) };
  }
  const body = readBody(bytes, at, head.chunked, head.length);
  return body === undefined ? undefined : { start, fields: pairs(head.fields), body };
}

function pairs(fields: RequestHead["fields"]): string[] {
  return Array.from({ length: fields.count }, (_, i) => `${fields.name(i)}: ${fields.value(i)}`);
}

/** Undefined unless the body is complete and nothing follows it. */
function readBody(bytes: Buffer, from: number, chunked: boolean, length: number): string | undefined {
  const decoder = new BodyDecoder(DEFAULT_LIMITS);
  if (chunked) decoder.startChunked();
  else decoder.startLength(length === BODY_NONE ? 0 : length);
  let body = "";
  const end = decoder.feed(bytes, from, bytes.length, {
    bodyPiece: (chunk) => {
      body += chunk.toString("latin1");
    },
  });
  return end === bytes.length && decoder.done ? body : undefined;
}

let server: Server;
let port = 0;
/** Who waits for what the server makes of a connection, by the client's port. */
const waiting = new Map<number, (message: Message | undefined) => void>();

beforeAll(async () => {
  server = createServer({ insecureHTTPParser: false, requestTimeout: 0 }, (request, response) => {
    let body = "";
    request.setEncoding("latin1");
    request.on("data", (chunk: string) => {
      body += chunk;
    });
    request.on("end", () => {
      const fields: string[] = [];
      for (let i = 0; i < request.rawHeaders.length; i += 2) {
        fields.push(`${request.rawHeaders[i]}: ${request.rawHeaders[i + 1]}`);
      }
      waiting.get(request.socket.remotePort ?? 0)?.({ start: `${request.method} ${request.url}`, fields, body });
      response.end();
    });
  });
  server.on("checkContinue", (request, response) => server.emit("request", request, response));
  server.on("clientError", (_, socket) => {
    if ("remotePort" in socket && typeof socket.remotePort === "number") waiting.get(socket.remotePort)?.(undefined);
    socket.destroy();
  });
  // Upgrades and pipelined leftovers are no requests of their own here.
  server.on("upgrade", (request, socket) => {
    server.emit("request", request, { end: () => socket.destroy() });
    request.emit("end");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** What node:http makes of the same bytes. */
async function nodeRequest(bytes: Buffer): Promise<Message | undefined> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const from = socket.localPort ?? 0;
  try {
    return await new Promise((resolve) => {
      waiting.set(from, resolve);
      socket.on("close", () => resolve(undefined));
      socket.write(bytes);
    });
  } finally {
    waiting.delete(from);
    socket.destroy();
  }
}

async function nodeResponse(bytes: Buffer): Promise<Message | undefined> {
  const origin = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  origin.listen(0, "127.0.0.1");
  await once(origin, "listening");
  const address = origin.address();
  try {
    return await new Promise((resolve) => {
      const request = httpRequest(
        { port: typeof address === "object" && address !== null ? address.port : 0, host: "127.0.0.1" },
        (response) => {
          let body = "";
          response.setEncoding("latin1");
          response.on("data", (chunk: string) => {
            body += chunk;
          });
          response.on("error", () => resolve(undefined));
          response.on("end", () => {
            const fields: string[] = [];
            for (let i = 0; i < response.rawHeaders.length; i += 2) {
              fields.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
            }
            resolve({ start: `${response.statusCode} ${response.statusMessage}`, fields, body });
          });
        },
      );
      request.on("error", () => resolve(undefined));
      request.end();
    });
  } finally {
    origin.close();
  }
}

// --- inputs: well-formed messages, pieces that matter for framing, and bytes changed at random

const name = fc.constantFrom(
  "X-B",
  "User-Agent",
  "x_c",
  "X-A",
  "Accept",
  "Cookie",
  "Content-Length",
  "Transfer-Encoding",
  "Connection",
  "Host",
  "Expect",
  "Trailer",
  "Keep-Alive",
  "!#$%&'*+-.^_`|~1a",
);
const value = fc.oneof(
  fc.constantFrom(
    "chunked",
    "4",
    "0",
    "004",
    "close",
    "keep-alive",
    "a",
    "",
    "a b",
    "gzip, chunked",
    "4, 4",
    "+4",
    "x\ty",
    "\x80\xff",
  ),
  fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
);
const blank = fc.constantFrom("", " ", "\t", "  ");
const field = fc.tuple(name, blank, value, blank).map(([n, a, v, b]) => `${n}:${a}${v}${b}\r\n`);
const target = fc.oneof(
  fc.constantFrom("/", "/a?b=c", "*", "http://a/b", "http://a", "/%zz", '/|{}"<>^`\\', "//a", "/a;b"),
  fc
    .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 6 })
    .map((text) => `/${text}`),
);
const method = fc.constantFrom(
  "GET",
  "POST",
  "PUT",
  "HEAD",
  "OPTIONS",
  "DELETE",
  "PATCH",
  "PROPFIND",
  "REPORT",
  "M-SEARCH",
  "SEARCH",
  "PURGE",
  "LINK",
  "UNLINK",
  "ACL",
  "BIND",
  "REBIND",
  "UNBIND",
  "MERGE",
  "MKACTIVITY",
  "MKCALENDAR",
  "CHECKOUT",
  "NOTIFY",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "COPY",
  "LOCK",
  "MKCOL",
  "MOVE",
  "PROPPATCH",
  "UNLOCK",
);
const chunk = fc
  .tuple(
    fc.constantFrom("", ";a", ";a=b", ";a=b;c", "; a", ";", ';a="b"', ";a;b=!"),
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 20 }),
  )
  .map(([extension, data]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`);
const chunked = fc
  .tuple(fc.array(chunk, { maxLength: 3 }), fc.array(field, { maxLength: 1 }))
  .map(([chunks, trailers]) => `${chunks.join("")}0\r\n${trailers.join("")}\r\n`);
const framing = fc.constantFrom(
  "",
  "Content-Length: 4\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Content-Length: 04\r\n",
);
/** Framing fields and a body: mostly such that belong together. */
const framed = fc.oneof(
  { weight: 3, arbitrary: fc.constant(["", ""] as const) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ["Content-Length: 4\r\n", "body"] as const,
      ["Content-Length: 004\r\n", "body"] as const,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("Transfer-Encoding: chunked\r\n", "transfer-encoding:CHUNKED \r\n"), chunked),
  },
  { weight: 1, arbitrary: fc.tuple(framing, fc.oneof(fc.constantFrom("", "body"), chunked)) },
);
const mutation = fc.record({
  at: fc.nat({ max: 400 }),
  remove: fc.nat({ max: 2 }),
  insert: fc.constantFrom(
    "",
    "\r",
    "\n",
    "\r\n",
    " ",
    "\t",
    ":",
    "\0",
    ";",
    ",",
    "0",
    "a",
    "\x7f",
    "\x80",
    "\x0b",
    "-",
    "\r\n ",
  ),
});

function mutate(text: string, mutations: readonly { at: number; remove: number; insert: string }[]): Buffer {
  let made = text;
  for (const { at, remove, insert } of mutations) {
    const place = made.length === 0 ? 0 : at % made.length;
    made = made.slice(0, place) + insert + made.slice(place + remove);
  }
  return Buffer.from(made, "latin1");
}

const mutations = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  { weight: 3, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 2 }) },
);
const requests = fc
  .tuple(
    method,
    target,
    fc.constantFrom("1.1", "1.1", "1.1", "1.0"),
    fc.array(field, { maxLength: 2 }),
    framed,
    mutations,
  )
  .map(([m, t, v, fields, [lines, b], changed]) =>
    mutate(`${m} ${t} HTTP/${v}\r\nHost: a\r\n${lines}${fields.join("")}\r\n${b}`, changed),
  );
const responses = fc
  .tuple(
    fc.constantFrom("200 OK", "204 No Content", "304 Not Modified", "404 ", "200", "599 x\xe9y"),
    fc.constantFrom("1.1", "1.0"),
    fc.array(field, { maxLength: 2 }),
    framed,
    mutations,
  )
  .map(([s, v, fields, [lines, b], changed]) =>
    mutate(`HTTP/${v} ${s}\r\n${lines}${fields.join("")}\r\n${b}`, changed),
  );

describe("against node:http", () => {
  it("accepts no request that Node refuses or frames otherwise", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (bytes) => {
        const ours = readRequest(bytes);
        if (ours === undefined) return;
        accepted++;
        expect(await nodeRequest(bytes)).toEqual(ours);
      }),
      { numRuns: RUNS },
    );
    // The generator must not drift into inputs that are refused anyway.
    expect(accepted).toBeGreaterThan(RUNS / 20);
  }, 120_000);

  it("accepts no response that Node refuses or frames otherwise", async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(responses, async (bytes) => {
        const ours = readResponse(bytes);
        if (ours === undefined) return;
        accepted++;
        expect(await nodeResponse(bytes)).toEqual(ours);
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(RUNS / 20);
  }, 120_000);
});

describe("in pieces", () => {
  it("reads every request the same however its bytes are split", () => {
    fc.assert(
      fc.property(requests, fc.array(fc.nat({ max: 60 }), { maxLength: 6 }), (bytes, cuts) => {
        const parser = new RequestParser(DEFAULT_LIMITS);
        const head = new RequestHead();
        const whole = parser.parse(bytes, 0, bytes.length, head);
        const fields = whole < 0 ? [] : pairs(head.fields);
        let end = 0;
        let found = -1;
        for (const cut of [...cuts, bytes.length]) {
          end = Math.min(bytes.length, end + cut);
          found = parser.parse(bytes, 0, end, head);
          if (found !== -1) break;
        }
        // Refusing early is right, taking early what the whole refuses is not.
        if (found >= 0) {
          expect(found).toBe(whole);
          expect(pairs(head.fields)).toEqual(fields);
        } else expect(whole).toBeLessThan(0);
      }),
      { numRuns: RUNS },
    );
  });

  it("reads every chunked body the same however its bytes are split", () => {
    fc.assert(
      fc.property(chunked, mutations, fc.array(fc.nat({ max: 12 }), { maxLength: 8 }), (text, changed, cuts) => {
        const bytes = mutate(text, changed);
        const whole = readBody(bytes, 0, true, 0);
        const decoder = new BodyDecoder(DEFAULT_LIMITS);
        decoder.startChunked();
        let body = "";
        let from = 0;
        let end = 0;
        for (const cut of [...cuts, bytes.length]) {
          end = Math.min(bytes.length, end + cut);
          const piece = bytes.subarray(from, end);
          const bodyPiece = (chunk: Buffer) => {
            body += chunk.toString("latin1");
          };
          const used = decoder.feed(piece, 0, piece.length, { bodyPiece });
          if (used < 0) break;
          from += used;
        }
        if (whole !== undefined) expect([decoder.done, body]).toEqual([true, whole]);
        else expect(decoder.done && from === bytes.length).toBe(false);
      }),
      { numRuns: RUNS },
    );
  });
});
