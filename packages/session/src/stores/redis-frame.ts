import type { RecordToWrite, StoredRecord } from "../store.ts";

/**
 * The value of a key: `S1`, the deadline in 6 bytes (ms, big-endian), the version's length in one, the version, the
 * bytes. The scripts know the same layout.
 */
const MARK = "S1";
const VERSION_LENGTH_AT = 8;
const VERSION_AT = 9;
const LATEST_MS = 2 ** 48 - 1;

/** What the frame can hold of a deadline. */
export function frameDeadline(expiresAtMs: number): number {
  return Math.min(LATEST_MS, Math.max(0, Math.trunc(expiresAtMs)));
}

/** The deadline as it stands in a frame. */
export function deadlineBytes(deadlineMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(6);
  bytes.writeUIntBE(deadlineMs, 0, 6);
  return bytes;
}

/** A copy. @throws RangeError for a version of more than 255 bytes */
export function encodeFrame({ version, bytes }: RecordToWrite, deadlineMs: number): Buffer {
  const length = Buffer.byteLength(version);
  const frame = Buffer.allocUnsafe(VERSION_AT + length + bytes.length);
  frame.write(MARK, 0, "latin1");
  frame.writeUIntBE(deadlineMs, 2, 6);
  frame.writeUInt8(length, VERSION_LENGTH_AT);
  frame.write(version, VERSION_AT, "utf8");
  frame.set(bytes, VERSION_AT + length);
  return frame;
}

/**
 * A value that is no frame is a record that nobody can open, of version "": the engine then takes a session for absent,
 * and makes a user's list anew over it.
 */
const DAMAGED: StoredRecord = Object.freeze({ bytes: new Uint8Array(0), version: "", expiresAtMs: 0 });

/** @returns undefined for the frame of a newer release */
export function decodeFrame(value: Buffer): StoredRecord | undefined {
  if (value.length < VERSION_AT || value[0] !== 0x53) return DAMAGED;
  if (value[1] !== 0x31) return undefined;
  const bytesAt = VERSION_AT + value.readUInt8(VERSION_LENGTH_AT);
  if (value.length < bytesAt) return DAMAGED;
  return {
    bytes: value.subarray(bytesAt),
    version: value.toString("utf8", VERSION_AT, bytesAt),
    expiresAtMs: value.readUIntBE(2, 6),
  };
}
