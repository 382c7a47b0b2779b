import { createHash } from "node:crypto";
import { createKeyRing, utf8 } from "@sojourn/core";
import { createFakeRuntime } from "@sojourn/core/testing";
import { decodeRecord, EARLIER_FORMAT, encodeRecord } from "../../../src/record/record.ts";
import { KEY_A } from "../../engine/support.ts";

const sealer = createKeyRing(KEY_A, createFakeRuntime()).sealer("session-record");

/** Under which a store keeps the list of a user's sessions. */
export function userKeyOf(userId: string): string {
  return `u.${createHash("sha256").update(`sojourn/user/${userId}`).digest("base64url")}`;
}

/** Where the sealed record begins: a store may have put something of its own in front. */
export function sealedAt(raw: Buffer): number {
  const marks = [0xaa, 0xbb].map((id) => raw.indexOf(Buffer.from([1, id, id, id, id])));
  return Math.max(...marks);
}

/** The same session as a release wrote it whose records held their data as one JSON object. */
export async function inEarlierLayout(key: string, raw: Buffer, data: object): Promise<Buffer> {
  const bound = utf8(key);
  const at = sealedAt(raw);
  const opened = await sealer.open(raw.subarray(at), bound, bound);
  const record = opened.status === "ok" ? decodeRecord(opened.plaintext) : undefined;
  if (record === undefined) throw new Error("it does not open");
  const bytes = encodeRecord({ ...record, data: utf8(JSON.stringify(data)) });
  bytes[0] = EARLIER_FORMAT;
  return Buffer.concat([raw.subarray(0, at), await sealer.seal(bytes, bound, bound)]);
}
