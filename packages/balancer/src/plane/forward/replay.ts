/** Keeps the body that was sent to one server, so that it can be sent again to another. */
export class Replay {
  /** Everything that left is here. */
  whole = true;
  readonly chunks: Buffer[] = [];
  private bytes = 0;
  private maxBytes = 0;

  /** @param maxBytes 0 keeps nothing: the first byte that leaves is lost. */
  reset(maxBytes: number): void {
    this.whole = true;
    this.bytes = 0;
    this.maxBytes = maxBytes;
    if (this.chunks.length > 0) this.chunks.length = 0;
  }

  /** @param leaves whether a server gets it now. What none has got cannot be lost: it is kept whatever its size. */
  keep(chunk: Buffer, leaves: boolean): void {
    if (!this.whole) return;
    this.bytes += chunk.length;
    if (leaves && this.bytes > this.maxBytes) {
      this.whole = false;
      this.chunks.length = 0;
    } else this.chunks.push(chunk);
  }
}
