import { request } from "node:http";
import { connect } from "node:net";
import type { Cancel } from "@sojourn/core";
import type { ActiveCheck, ServerSpec } from "../model.ts";

/** What one check saw. The reason is short and names no data of the server. */
export interface ProbeResult {
  readonly ok: boolean;
  /** `200`, `connected`, or why it failed: `503`, `ECONNREFUSED`, `timeout`. */
  readonly reason: string;
}

/** Starts one check; calls back once, never after the cancel. A check of its own connection: what it meets is what a new client would. */
export type Probe = (server: ServerSpec, check: ActiveCheck, done: (result: ProbeResult) => void) => Cancel;

export const probeServer: Probe = (server, check, done) =>
  check.kind === "tcp" ? probeTcp(server, done) : probeHttp(server, check, done);

const probeTcp = (server: ServerSpec, done: (result: ProbeResult) => void): Cancel => {
  const socket = connect({ host: server.address ?? server.host, port: server.port });
  const settle = once(done, () => socket.destroy());
  socket.on("connect", () => settle.end({ ok: true, reason: "connected" }));
  socket.on("error", (error) => settle.end({ ok: false, reason: codeOf(error) }));
  return settle.cancel;
};

/** 2xx and 3xx pass, as with HAProxy's httpchk. The body is not read. */
const probeHttp = (server: ServerSpec, check: ActiveCheck, done: (result: ProbeResult) => void): Cancel => {
  const host = server.host.includes(":") ? `[${server.host}]` : server.host;
  const probe = request({
    host: server.address ?? server.host,
    port: server.port,
    path: check.path,
    method: "GET",
    agent: false,
    setHost: false,
    headers: { Host: check.host ?? `${host}:${server.port}`, "User-Agent": "sojourn-check", Connection: "close" },
  });
  const settle = once(done, () => probe.destroy());
  probe.on("response", ({ statusCode = 0 }) =>
    settle.end({ ok: statusCode >= 200 && statusCode < 400, reason: String(statusCode) }),
  );
  probe.on("error", (error) => settle.end({ ok: false, reason: codeOf(error) }));
  probe.on("upgrade", (_response, socket) => {
    socket.destroy();
    settle.end({ ok: false, reason: "101" });
  });
  probe.end();
  return settle.cancel;
};

function once(done: (result: ProbeResult) => void, release: () => void): { end: typeof done; cancel: Cancel } {
  let open = true;
  const close = () => {
    open = false;
    release();
  };
  return {
    end(result) {
      if (!open) return;
      close();
      done(result);
    },
    cancel() {
      if (open) close();
    },
  };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
