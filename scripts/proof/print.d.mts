/** One way of running the shop, and what became of it. */
export interface Row {
  readonly title: string;
  readonly result: {
    readonly kept: number;
    readonly of: number;
    readonly adds: number;
    readonly final: boolean;
    readonly failed: number;
    readonly sent: number;
    /** What `transcript` prints. */
    readonly transcript: unknown;
  };
}

export function isPerfect(result: Row["result"]): boolean;
export function table(rows: readonly Row[]): string;
export function transcript(failover: unknown): string;
