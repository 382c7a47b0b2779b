/** 64 bits as two unsigned halves, because numbers hold 53, with a text form for maps. */
export interface Id64 {
  readonly hi: number;
  readonly lo: number;
  /** 16 hex digits. */
  readonly text: string;
}

/** Reads 8 bytes, big-endian. */
export function id64(bytes: Uint8Array, offset = 0): Id64 {
  const hi = uint32(bytes, offset);
  const lo = uint32(bytes, offset + 4);
  return { hi, lo, text: hex32(hi) + hex32(lo) };
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0
  );
}

function hex32(value: number): string {
  return value.toString(16).padStart(8, "0");
}
