import { afterEach, describe, expect, it, vi } from "vitest";
import { createSystemRandom } from "../src/random.ts";

afterEach(() => vi.restoreAllMocks());

/** Counts calls and fills with 1, 2, 3 … so that handing out a byte twice shows. */
function counting() {
  let next = 1;
  return vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
    const bytes = new Uint8Array(array?.buffer ?? new ArrayBuffer(0), array?.byteOffset, array?.byteLength);
    if (bytes.length > 65_536) throw new DOMException("too much at once", "QuotaExceededError");
    for (let i = 0; i < bytes.length; i++) bytes[i] = next++ & 0xff;
    return array;
  });
}

describe("createSystemRandom", () => {
  it("draws from the system once for many small draws, and hands no byte out twice", () => {
    const system = counting();
    const random = createSystemRandom();
    const drawn = Array.from({ length: 128 }, () => random.bytes(32));
    expect(system).toHaveBeenCalledTimes(1);
    expect(drawn.flatMap((bytes) => [...bytes])).toEqual(Array.from({ length: 4096 }, (_, i) => (i + 1) & 0xff));
    random.bytes(1);
    expect(system).toHaveBeenCalledTimes(2);
  });

  it("does not stretch the rest of a batch over a draw that is too long for it", () => {
    counting();
    const random = createSystemRandom();
    random.bytes(4090);
    expect([...random.bytes(8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it("gives the caller an array of its own and forgets what it gave", () => {
    const batches: Uint8Array[] = [];
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint8Array) batches.push(array.fill(7));
      return array;
    });
    const random = createSystemRandom();
    const first = random.bytes(16);
    expect(first).toEqual(new Uint8Array(16).fill(7));
    expect(first.buffer.byteLength).toBe(16);
    expect(batches[0]?.subarray(0, 17)).toEqual(Uint8Array.of(...new Array(16).fill(0), 7));
  });

  it.each([0, 1, 4096, 4097, 65_536, 65_537, 200_000])("draws %d bytes", (length) => {
    const system = counting();
    const bytes = createSystemRandom().bytes(length);
    expect(bytes.length).toBe(length);
    if (length > 0) expect(bytes[length - 1]).toBe(length & 0xff);
    if (length > 4096) expect(system).toHaveBeenCalledTimes(Math.ceil(length / 65_536));
  });

  it("makes integers of all 32 bits", () => {
    const draws = [Uint8Array.of(0xff, 0xff, 0xff, 0xff), Uint8Array.of(0, 0, 1, 2)];
    vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      if (array instanceof Uint8Array) for (const [i, draw] of draws.entries()) array.set(draw, i * 4);
      return array;
    });
    const random = createSystemRandom();
    expect([random.uint32(), random.uint32()]).toEqual([0xffffffff, 0x0102]);
  });

  it("differs between sources and draws", () => {
    const seen = new Set<string>();
    for (let source = 0; source < 20; source++) {
      const random = createSystemRandom();
      for (let draw = 0; draw < 200; draw++) seen.add(Buffer.from(random.bytes(16)).toString("hex"));
    }
    expect(seen.size).toBe(4_000);
  });
});
