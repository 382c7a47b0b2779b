import type { IncomingMessage } from "node:http";
import { SojournError } from "@sojourn/core";

export const MAX_BODY_BYTES = 65_536;

/** @throws ADMIN_BODY_TOO_LARGE ADMIN_BODY_INVALID */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new SojournError("ADMIN_BODY_TOO_LARGE", { max: MAX_BODY_BYTES });
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new SojournError("ADMIN_BODY_INVALID", { reason: "it is not JSON", allowed: "send a JSON object" });
  }
}
