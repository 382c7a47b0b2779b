/** Who judges a server: probes, the outcomes of real requests, or one refused connection. */
export type OpinionSource = "active" | "passive" | "connection";

/** What one source holds of a server, for as long as it holds it. Times are monotonic. */
export interface Opinion {
  readonly source: OpinionSource;
  readonly verdict: "up" | "down";
  readonly sinceMs: number;
  /** The last moment at which it counts; infinite: until the source says otherwise. */
  readonly untilMs: number;
}

/** The opinions of all sources as one. `source` says who keeps the server out. */
export interface Health {
  readonly verdict: "up" | "down";
  readonly source: OpinionSource | undefined;
  readonly untilMs: number;
}

const UP: Health = Object.freeze({ verdict: "up", source: undefined, untilMs: Number.POSITIVE_INFINITY });

/**
 * Any source may take a server out. A refused connection is overruled by a probe that succeeded later; nothing else is,
 * because a server may answer its health check and still fail requests.
 */
export function mergeOpinions(opinions: readonly Opinion[], nowMs: number): Health {
  let probedMs = Number.NEGATIVE_INFINITY;
  for (const { source, verdict, sinceMs } of opinions) {
    if (source === "active" && verdict === "up") probedMs = Math.max(probedMs, sinceMs);
  }
  let worst: Opinion | undefined;
  for (const opinion of opinions) {
    if (opinion.verdict === "up" || opinion.untilMs < nowMs) continue;
    if (opinion.source === "connection" && probedMs > opinion.sinceMs) continue;
    if (worst === undefined || opinion.untilMs > worst.untilMs) worst = opinion;
  }
  return worst === undefined ? UP : { verdict: "down", source: worst.source, untilMs: worst.untilMs };
}
