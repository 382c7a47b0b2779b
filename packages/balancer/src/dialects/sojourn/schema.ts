import { z } from "zod";

/** The shape of sojourn.yaml. What shape alone cannot say (durations, addresses, names that must exist) comes after it. */

const duration = z.union([z.string(), z.number()]).describe('A duration such as "30s" or "1h 30m", or milliseconds');
const count = z.number().int();

const affinity = z
  .union([
    z.enum(["cookie", "ip", "none"]),
    z.strictObject({
      cookie: z.string().optional().describe("Name of the stamp's cookie"),
      ip: z
        .strictObject({ prefixV4: count.min(1).max(32).optional(), prefixV6: count.min(1).max(128).optional() })
        .optional()
        .describe("Significant bits of the client's address; default 32 and 64"),
      header: z.string().optional().describe("Name of the request header that holds the key"),
      "app-cookie": z.string().optional().describe("Planned: the application's own cookie"),
      maxAge: duration.optional().describe("Makes the cookie persistent; default: it ends with the browser's session"),
      idle: duration.optional().describe("The stamp ends when not seen for this long"),
      absolute: duration.optional().describe("The stamp ends this long after it was first given"),
      domain: z.string().optional(),
      path: z.string().optional().describe('Default "/"'),
      secure: z.boolean().optional().describe("Default false: the listeners speak plain HTTP"),
      httpOnly: z.boolean().optional().describe("Default true"),
      sameSite: z.enum(["strict", "lax", "none"]).optional().describe('Default "lax"'),
      hidden: z.boolean().optional().describe("Keep the stamp from the application; default true"),
      cachePrivate: z.boolean().optional().describe("Mark responses that set the stamp private; default true"),
    }),
  ])
  .describe("What keeps a client on its server; default: the cookie sojourn_affinity");

const health = z.strictObject({
  path: z.string().optional().describe("Turns active HTTP checks on"),
  host: z.string().optional().describe("Host header of the checks; default: the server's own"),
  kind: z.enum(["http", "tcp"]).optional().describe("tcp only connects; default http with a path"),
  interval: duration.optional().describe("Default 2s"),
  timeout: duration.optional().describe("Default: the interval"),
  fall: count.min(1).max(100).optional().describe("Failures in a row that take a server out; default 3"),
  rise: count.min(1).max(100).optional().describe("Successes in a row that bring it back; default 2"),
  passive: z
    .strictObject({ maxFails: count.min(0).max(1_000).optional(), failTimeout: duration.optional() })
    .optional()
    .describe("Judging from real traffic; default 3 failures in 10s; maxFails 0 turns it off"),
});

const server = z.union([
  z.string(),
  z.strictObject({
    url: z.string().describe("http://HOST[:PORT]"),
    weight: count.min(0).max(1_000).optional().describe("Default 1; 0 takes no new clients"),
    maxConnections: count.min(0).max(1_000_000).optional().describe("Default 0: no limit"),
    backup: z.boolean().optional().describe("Serves only when no other server can; default false"),
    state: z.enum(["enabled", "draining", "disabled"]).optional().describe('Default "enabled"'),
  }),
]);

const pool = z.strictObject({
  affinity: affinity.optional(),
  balance: z
    .enum(["rendezvous", "round-robin", "least-connections", "haproxy-source"])
    .optional()
    .describe("Default: rendezvous for ip and header, least-connections for cookie and none"),
  health: health.optional(),
  onDown: z.enum(["move", "return"]).optional().describe('Default "move": a client that had to move stays there'),
  idempotencyKey: z
    .boolean()
    .optional()
    .describe("Default false: whether a request with an Idempotency-Key may be tried again, whatever its method"),
  boundWindow: duration.optional().describe("Default: the affinity's idle limit, else 30m"),
  timeouts: z
    .strictObject({ connect: duration.optional(), response: duration.optional() })
    .optional()
    .describe("Default 2s to connect, 60s to answer"),
  servers: z.record(z.string(), server),
});

const route = z.strictObject({
  host: z.string().optional().describe("Exact host name; default: any"),
  path: z.string().optional().describe('Prefix on segment boundaries; default "/"'),
  pool: z.string(),
});

export const fileSchema = z.strictObject({
  listen: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .describe("HOST:PORT, or a list of them"),
  admin: z.string().optional().describe("HOST:PORT of the admin API; default: none"),
  keys: z.string().optional().describe("Key ring, as sojourn keygen prints it; default: SOJOURN_KEYS"),
  trustedProxies: z.array(z.string()).optional().describe("Addresses or CIDRs whose forwarding headers are believed"),
  pools: z.record(z.string(), pool),
  routes: z.array(route).optional().describe("May be left out with one pool"),
});

export type SojournFile = z.infer<typeof fileSchema>;
export type PoolFile = z.infer<typeof pool>;
export type AffinityFile = z.infer<typeof affinity>;
export type ServerFile = z.infer<typeof server>;

/** JSON Schema (2020-12) of sojourn.yaml, for editors and the reference. */
export function sojournYamlSchema(): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(fileSchema, { target: "draft-2020-12" });
}
