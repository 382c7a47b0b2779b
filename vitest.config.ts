import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { GUARANTEE_ROWS, PROMISES } from "./packages/session/src/guarantees.ts";
import { REQUIREMENTS, tagOf } from "./scripts/docs/asvs/requirements.mjs";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests run the sources, so a test never passes against a stale build. */
const sources = [
  { find: /^@sojourn\/core\/testing$/, replacement: at("packages/core/src/testing/index.ts") },
  { find: /^@sojourn\/core\/key-file$/, replacement: at("packages/core/src/key-file.ts") },
  { find: /^@sojourn\/core$/, replacement: at("packages/core/src/index.ts") },
  { find: /^#crypto$/, replacement: at("packages/core/src/crypto-node.ts") },
  { find: /^@sojourn\/session\/(stores|carriers)\/(.*)$/, replacement: at("packages/session/src/$1/$2.ts") },
  { find: /^@sojourn\/session\/audit$/, replacement: at("packages/session/src/observers/audit-file.ts") },
  { find: /^@sojourn\/session\/otel$/, replacement: at("packages/session/src/observers/otel.ts") },
  { find: /^@sojourn\/session\/(testing|express-store)$/, replacement: at("packages/session/src/$1/index.ts") },
  {
    find: /^@sojourn\/session\/(express|fastify|koa|hono|node|fetch)$/,
    replacement: at("packages/session/src/adapters/$1.ts"),
  },
  { find: /^@sojourn\/session$/, replacement: at("packages/session/src/index.ts") },
  { find: /^@sojourn\/balancer\/testing$/, replacement: at("packages/balancer/src/testing/index.ts") },
  { find: /^@sojourn\/balancer$/, replacement: at("packages/balancer/src/index.ts") },
];

export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ...(process.env.SOJOURN_LONG ? [] : ["**/*.long.test.ts"])],
    tags: [
      ...REQUIREMENTS.map(({ number, asks }) => ({ name: tagOf(number), description: asks })),
      ...GUARANTEE_ROWS.flatMap(({ id, shown }) =>
        PROMISES.map((promise) => ({ name: `keeps-${id}-${promise}`, description: `${shown}: ${promise}` })),
      ),
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    maxWorkers: 2,
  },
});
