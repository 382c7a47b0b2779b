import { ADDS } from "./drive.mjs";

const HEAD = ["the same shop with", "cart after kill -9", "parallel adds kept", "logout is final", "failed requests"];

export function isPerfect({ kept, of, adds, final, failed }) {
  return kept === of && adds === ADDS && final && failed === 0;
}

export function table(rows) {
  const cells = rows.map(({ title, result: { kept, of, adds, final, failed, sent } }) => [
    title,
    kept === of ? "kept" : kept === 0 ? "lost" : `${kept} of ${of} items`,
    `${adds} of ${ADDS}`,
    final ? "yes" : "no",
    `${failed} of ${sent}`,
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("   ")
      .trimEnd();
  return [line(HEAD), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}

/** One failover, in six lines. */
export function transcript({ login, before, victim, after, tookMs, added, logout, end }) {
  const cart = ({ user, items }) => JSON.stringify({ user, items });
  const row = (did, { status, servedBy }, note = "") =>
    `${did.padEnd(32)} ${status}  ${(servedBy ?? "").padEnd(7)} ${note}`.trimEnd();
  return [
    row('POST /login {"user":"ada"}', login),
    row("GET  /cart", before, cart(before)),
    `kill -9 ${victim.pid}`.padEnd(38) + victim.name,
    row("GET  /cart", after, `${cart(after)} in ${tookMs.toFixed(0)} ms`),
    row('POST /cart {"item":"oat bars"}', added),
    row("POST /logout, GET /cart", { ...end, status: `${logout.status} ${end.status}` }, cart(end)),
  ].join("\n");
}
