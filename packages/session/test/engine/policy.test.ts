import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deadlineAt, isExpired, isRotationDue, judgeSecret, lastSeenAt, touchBelow } from "../../src/policy.ts";
import { NO_COMMITS } from "../../src/record/commit-ids.ts";
import { NO_DATA } from "../../src/record/data-bytes.ts";
import type { Device } from "../../src/record/device.ts";
import { MAX_RETIRED, type SessionRecord } from "../../src/record/record.ts";
import { elevateRecord, issue, loginRecord, promote } from "../../src/token/rotation.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = Date.UTC(2026, 0, 1);
const hashOf = (n: number) => new Uint8Array(32).fill(n);
const PHONE: Device = { browser: 2, system: 5, ipv4: 1, ipv6: undefined };
const record = (parts: Partial<SessionRecord> = {}): SessionRecord => ({
  data: NO_DATA,
  dataVersion: 1,
  userId: "u",
  level: 1,
  generation: 1,
  persistent: false,
  createdAtMs: T0,
  absoluteEndMs: T0 + 12 * HOUR,
  authenticatedAtMs: T0,
  device: undefined,
  csrfSeed: undefined,
  current: { hash: hashOf(1), sinceMs: T0 },
  successor: undefined,
  retired: [],
  commits: NO_COMMITS,
  ...parts,
});

describe("deadlines", () => {
  const steps = fc.array(fc.integer({ min: 0, max: 2 * HOUR }), { maxLength: 200 });
  const lifetimes = fc.record({
    idle: fc.integer({ min: MINUTE, max: 2 * HOUR }),
    absolute: fc.integer({ min: 2 * HOUR, max: 20 * HOUR }),
    window: fc.integer({ min: 0, max: 30_000 }),
  });

  it("any sequence of steps respects idle, absolute and touch rules", () => {
    fc.assert(
      fc.property(steps, lifetimes, (waits, { idle, absolute, window }) => {
        const end = T0 + absolute;
        let now = T0;
        let expires = deadlineAt(T0, idle, end);
        let lastSeen = T0;
        let lastTouch = T0;
        for (const wait of waits) {
          now += wait;
          if (isExpired(now, expires, end)) {
            // Never before a full idle time less the window, unless the absolute end came.
            expect(now >= end || now - lastSeen >= idle - window).toBe(true);
            return;
          }
          expect(now).toBeLessThan(end);
          expect(now - lastSeen).toBeLessThan(idle);
          const due = expires < touchBelow(now, idle, end, window);
          if (due) {
            expect(now - lastTouch).toBeGreaterThanOrEqual(window);
            expires = deadlineAt(now, idle, end);
            lastTouch = now;
          }
          lastSeen = now;
          expect(expires).toBeLessThanOrEqual(end);
          const derived = lastSeenAt(expires, idle, T0, now);
          expect(derived).toBeLessThanOrEqual(now);
          if (expires < end) expect(now - derived).toBeLessThan(Math.max(1, window));
        }
      }),
    );
  });

  it("is over at the deadline itself, and at the absolute end whatever the store says", () => {
    expect(isExpired(T0 + 10, T0 + 10, T0 + 20)).toBe(true);
    expect(isExpired(T0 + 9, T0 + 10, T0 + 20)).toBe(false);
    expect(isExpired(T0 + 20, T0 + 99, T0 + 20)).toBe(true);
  });

  it("moves no deadline that stands at the absolute end", () => {
    const end = T0 + HOUR;
    expect(touchBelow(T0 + 50 * MINUTE, 30 * MINUTE, end, MINUTE)).toBe(end);
  });
});

describe("rotation", () => {
  it("is due at its age, once, and never when turned off", () => {
    expect(isRotationDue(T0 + HOUR - 1, record(), HOUR)).toBe(false);
    expect(isRotationDue(T0 + HOUR, record(), HOUR)).toBe(true);
    expect(isRotationDue(T0 + HOUR, record(), undefined)).toBe(false);
    const issued = issue(record(), { hash: hashOf(2), issuedAtMs: T0, sealed: NO_DATA });
    expect(isRotationDue(T0 + 9 * HOUR, issued, HOUR)).toBe(false);
  });

  it("judges a secret: current, successor, retired within grace, reuse, unknown", () => {
    const issued = issue(record(), { hash: hashOf(2), issuedAtMs: T0, sealed: NO_DATA });
    const judge = (r: SessionRecord, n: number, now: number) => judgeSecret(r, hashOf(n), now, 30_000).kind;
    expect(judge(issued, 1, T0)).toBe("current");
    expect(judge(issued, 2, T0)).toBe("successor");
    expect(judge(issued, 3, T0)).toBe("unknown");
    const promoted = promote(issued, hashOf(2), T0 + HOUR);
    expect(promoted.successor).toBeUndefined();
    expect(judge(promoted, 2, T0 + HOUR)).toBe("current");
    expect(judge(promoted, 1, T0 + HOUR + 29_999)).toBe("retired");
    expect(judge(promoted, 1, T0 + HOUR + 30_000)).toBe("reuse");
  });

  it("remembers the last 16 retired secrets and forgets older ones", () => {
    let current = record();
    for (let n = 2; n <= 20; n++) current = promote(current, hashOf(n), T0 + n * HOUR);
    expect(current.retired).toHaveLength(MAX_RETIRED);
    const kinds = [3, 4, 19, 20].map((n) => judgeSecret(current, hashOf(n), T0 + 99 * HOUR, 30_000).kind);
    expect(kinds).toEqual(["unknown", "reuse", "reuse", "current"]);
  });

  it("keeps the old level for the old token at an elevation, and forgets a pending successor", () => {
    const issued = issue(record(), { hash: hashOf(2), issuedAtMs: T0, sealed: NO_DATA });
    const raised = elevateRecord(issued, hashOf(9), 3, PHONE, T0 + MINUTE);
    expect(raised).toMatchObject({ level: 3, authenticatedAtMs: T0 + MINUTE, successor: undefined, device: PHONE });
    expect(judgeSecret(raised, hashOf(1), T0 + MINUTE, 30_000)).toEqual({ kind: "retired", level: 1 });
    expect(judgeSecret(raised, hashOf(2), T0 + MINUTE, 30_000).kind).toBe("unknown");
  });

  it("forgets every secret from before a login, so that they read as no session without alarm", () => {
    const before = promote(record(), hashOf(2), T0);
    const facts = { userId: "v", level: 1, generation: 7, persistent: false, absoluteEndMs: T0 + 24 * HOUR };
    const after = loginRecord(before, { ...facts, device: PHONE, csrfSeed: NO_DATA, hash: hashOf(5) }, T0 + MINUTE);
    const kinds = [1, 2, 5].map((n) => judgeSecret(after, hashOf(n), T0 + 99 * MINUTE, 30_000).kind);
    expect(kinds).toEqual(["unknown", "unknown", "current"]);
    expect(after).toMatchObject({
      createdAtMs: T0 + MINUTE,
      absoluteEndMs: T0 + 24 * HOUR,
      generation: 7,
      device: PHONE,
      csrfSeed: NO_DATA,
    });
  });

  it("any sequence of events leaves one current secret and no retired one that is current", () => {
    const event = fc.constantFrom("issue", "promote", "elevate", "login");
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let now = T0;
        let next = 2;
        let state = record();
        for (const kind of events) {
          now += 1_000;
          const fresh = hashOf(next % 256);
          if (kind === "issue" && state.successor === undefined) {
            state = issue(state, { hash: fresh, issuedAtMs: now, sealed: NO_DATA });
            next++;
          } else if (kind === "promote" && state.successor !== undefined) {
            state = promote(state, state.successor.hash, now);
          } else if (kind === "elevate") {
            state = elevateRecord(state, fresh, state.level, PHONE, now);
            next++;
          } else if (kind === "login") {
            const facts = { userId: "u", level: 1, generation: 1, persistent: false, absoluteEndMs: T0 + HOUR };
            state = loginRecord(state, { ...facts, device: PHONE, csrfSeed: undefined, hash: fresh }, now);
            next++;
          }
          const { current } = state;
          if (current === undefined) throw new Error("no current secret");
          expect(judgeSecret(state, current.hash, now, 30_000).kind).toBe("current");
          expect(state.retired.every(({ hash }) => hash[0] !== current.hash[0])).toBe(true);
          expect(state.retired.length).toBeLessThanOrEqual(MAX_RETIRED);
        }
      }),
    );
  });
});
