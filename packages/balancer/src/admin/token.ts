import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { SojournError } from "@sojourn/core";
import type { ListenAddress } from "../config.ts";

const MIN_TOKEN_LENGTH = 32;
const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/i;

/** Whether only this machine reaches the address. `*`, wildcards and names are not loopback. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Tells whether a presented token is the right one, in a time that says nothing about it. */
export type TokenCheck = (authorization: string | undefined) => boolean;

/**
 * Reads the token once, at start.
 * @returns undefined when no token is asked for.
 * @throws ADMIN_TOKEN_NEEDED for an address that is not loopback; ADMIN_TOKEN_UNUSABLE
 */
export function createTokenCheck(address: ListenAddress, file: string | undefined): TokenCheck | undefined {
  if (file === undefined) {
    if (isLoopback(address.host)) return undefined;
    throw new SojournError("ADMIN_TOKEN_NEEDED", { address: `${address.host}:${address.port}` });
  }
  const wanted = digest(readToken(file));
  return (authorization) => {
    const match = /^Bearer +(\S+)$/i.exec(authorization ?? "");
    // Digests have one length, so that comparing tells nothing about the token's.
    return timingSafeEqual(digest(match?.[1] ?? ""), wanted) && match !== null;
  };
}

function readToken(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "it cannot be read";
    throw new SojournError("ADMIN_TOKEN_UNUSABLE", { file, reason }, { cause });
  }
  if (/\s/.test(token)) throw new SojournError("ADMIN_TOKEN_UNUSABLE", { file, reason: "it holds more than one word" });
  if (token.length < MIN_TOKEN_LENGTH) {
    throw new SojournError("ADMIN_TOKEN_UNUSABLE", { file, reason: `it holds ${token.length} characters` });
  }
  return token;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
