import { rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createRuntime, isSojournError } from "@sojourn/core";
import { createSessions } from "@sojourn/session";
import { memoryStore } from "@sojourn/session/stores/memory";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import { createChannel } from "./channel.ts";
import type { ShopSetup, ToShop } from "./protocol.ts";
import { createShop, type ShopData } from "./shop-app.ts";

// One shop: started by the supervisor with an IPC channel, and gone when that channel closes.

const setup: ShopSetup = JSON.parse(process.env.SOJOURN_SHOP ?? "");
const { clock } = createRuntime();
const channel = createChannel(process, clock);

process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; the supervisor says when to stop
process.on("disconnect", orphaned);

try {
  const store = setup.mode.sessions === "shared" ? sqliteStore(join(setup.folder, "shop.db")) : memoryStore();
  const sessions = createSessions<ShopData>({ store, cookie: { insecureLoopback: true }, trustProxy: ["127.0.0.1"] });
  const server = createServer(createShop(setup, sessions, channel));
  process.on("message", (message: ToShop) => {
    if (message.kind !== "stop") return;
    // Requests in flight are answered, then nothing keeps the process.
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
  server.once("error", fail);
  server.listen(setup.port, "127.0.0.1", () => {
    server.off("error", fail);
    channel.send({ kind: "ready", port: (server.address() as AddressInfo).port });
  });
} catch (error) {
  fail(error);
}

/** The supervisor crashed: nobody else will clean up. */
function orphaned(): void {
  rmSync(setup.folder, { recursive: true, force: true });
  process.exit(0);
}

function fail(error: unknown): void {
  const reason = isSojournError(error) || error instanceof Error ? error.message : String(error);
  channel.send({ kind: "failed", reason });
  // It is this process that hangs up: the others still use the folder.
  process.off("disconnect", orphaned).once("disconnect", () => process.exit(1));
  process.disconnect?.();
}
