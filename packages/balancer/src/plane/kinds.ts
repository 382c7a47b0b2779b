/** What a field's name means to the plane; `other` for all names that it only passes on. */
export const KIND = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  /** Hop-by-hop by name, whatever `Connection` says (RFC 9110 §7.6.1). */
  hop: 5,
  keepAlive: 6,
  upgrade: 7,
  expect: 8,
  cookie: 9,
  setCookie: 10,
  cacheControl: 11,
  sojourn: 12,
  /** From here on: what proxies say of the client. */
  forwarding: 13,
  forwardedFor: 14,
  forwardedProto: 15,
  forwardedHost: 16,
  forwardedPort: 17,
  /** Such a name spelled with underscores: frameworks in the CGI tradition read both spellings as one field. */
  twin: 18,
} as const;

interface Row {
  readonly name: Uint8Array;
  readonly kind: number;
}

const NAMES: readonly (readonly [string, number])[] = [
  ["host", KIND.host],
  ["content-length", KIND.contentLength],
  ["transfer-encoding", KIND.transferEncoding],
  ["connection", KIND.connection],
  ["keep-alive", KIND.keepAlive],
  ["proxy-connection", KIND.hop],
  ["te", KIND.hop],
  ["http2-settings", KIND.hop],
  ["upgrade", KIND.upgrade],
  ["expect", KIND.expect],
  ["cookie", KIND.cookie],
  ["set-cookie", KIND.setCookie],
  ["cache-control", KIND.cacheControl],
  ["forwarded", KIND.forwarding],
  ["x-real-ip", KIND.forwarding],
  ["x-client-ip", KIND.forwarding],
  ["true-client-ip", KIND.forwarding],
  ["x-cluster-client-ip", KIND.forwarding],
  ["x-forwarded-for", KIND.forwardedFor],
  ["x-forwarded-proto", KIND.forwardedProto],
  ["x-forwarded-host", KIND.forwardedHost],
  ["x-forwarded-port", KIND.forwardedPort],
];
const SOJOURN = Buffer.from("sojourn-");
const X_FORWARDED = Buffer.from("x-forwarded-");
const BY_LENGTH: (readonly Row[] | undefined)[] = [];
for (const [name, kind] of NAMES) {
  BY_LENGTH[name.length] = [...(BY_LENGTH[name.length] ?? []), { name: Buffer.from(name), kind }];
}

/** Whether bytes from `at` spell `name` but for case and with `_` for `-`. 0 no, 1 yes, 2 yes with underscores. */
function spells(bytes: Uint8Array, at: number, name: Uint8Array): 0 | 1 | 2 {
  let spelling: 1 | 2 = 1;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i] as number;
    const wanted = name[i] as number;
    // All wanted bytes are lower-case letters, digits or "-": or-ing 0x20 folds nothing else of a token onto them.
    if ((byte | 0x20) === wanted) continue;
    if (wanted !== 0x2d || byte !== 0x5f) return 0;
    spelling = 2;
  }
  return spelling;
}

/** The kind of the field whose name lies in `bytes` from `at` to `end`. */
export function kindOf(bytes: Uint8Array, at: number, end: number): number {
  const length = end - at;
  const rows = BY_LENGTH[length];
  if (rows !== undefined) {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as Row;
      const spelling = spells(bytes, at, row.name);
      if (spelling !== 0) return spelling === 1 ? row.kind : KIND.twin;
    }
  }
  const first = (bytes[at] as number) | 0x20;
  if (first === 0x73 && length >= 8 && spells(bytes, at, SOJOURN) !== 0) return KIND.sojourn;
  if (first === 0x78 && length > 12) {
    const spelling = spells(bytes, at, X_FORWARDED);
    if (spelling !== 0) return spelling === 1 ? KIND.forwarding : KIND.twin;
  }
  return KIND.other;
}

export function isForwarding(kind: number): boolean {
  return kind >= KIND.forwarding && kind <= KIND.forwardedPort;
}
