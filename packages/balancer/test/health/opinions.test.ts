import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ActiveState, stepActive, UNPROBED } from "../../src/health/active.ts";
import { mergeOpinions, type Opinion } from "../../src/health/opinion.ts";
import {
  NO_FAILURE,
  type PassiveState,
  passiveFailure,
  passiveOpinion,
  passivePick,
  passiveSuccess,
} from "../../src/health/passive.ts";

describe("active checks", () => {
  const run = (results: string, check = { fall: 3, rise: 2, firstDecides: false }) => {
    let state: ActiveState = UNPROBED;
    let verdicts = "";
    for (const result of results) {
      state = stepActive(state, result === "+", check);
      verdicts += state.verdict === "up" ? "U" : "D";
    }
    return verdicts;
  };

  it("start up, fall after so many failures in a row and rise after so many successes in a row", () => {
    expect(run("+---")).toBe("UUUD");
    expect(run("--+--+---")).toBe("UUUUUUUUD");
    expect(run("---+-++")).toBe("UUDDDDU");
    expect(run("---++--+---")).toBe("UUDDUUUUUUD");
  });

  it("HAProxy: the very first result decides at once", () => {
    const check = { fall: 3, rise: 2, firstDecides: true };
    expect(run("-", check)).toBe("D");
    expect(run("-++", check)).toBe("DDU");
    expect(run("+--", check)).toBe("UUU");
    expect(run("+---", check)).toBe("UUUD");
  });

  it("change their mind only after a whole run against it", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (results, fall) => {
        const check = { fall, rise: 2, firstDecides: false };
        let state: ActiveState = UNPROBED;
        for (const [i, result] of results.entries()) {
          const before = state.verdict;
          state = stepActive(state, result, check);
          if (state.verdict === before) continue;
          const needed = result ? 2 : fall;
          expect(results.slice(i - needed + 1, i + 1)).toEqual(Array(needed).fill(result));
        }
      }),
    );
  });
});

describe("passive judgement, as NGINX's max_fails and fail_timeout", () => {
  const spec = { maxFails: 2, failTimeoutMs: 10_000 };
  const isDown = (state: PassiveState, nowMs: number) => {
    const opinion = passiveOpinion(state, spec);
    return opinion !== undefined && nowMs <= opinion.untilMs;
  };

  it("takes a server out at the last failure allowed, for the timeout", () => {
    let state = passiveFailure(NO_FAILURE, spec, 1_000);
    expect(isDown(state, 1_000)).toBe(false);
    state = passiveFailure(state, spec, 5_000);
    expect(isDown(state, 5_000)).toBe(true);
    expect(isDown(state, 15_000)).toBe(true);
    expect(isDown(state, 15_001)).toBe(false);
  });

  it("then lets one request try; others stay away until it has an answer", () => {
    let state = passiveFailure(passiveFailure(NO_FAILURE, spec, 0), spec, 0);
    state = passivePick(state, spec, 10_001);
    expect(isDown(state, 10_002)).toBe(true);
    expect(passiveSuccess(state)).toBe(NO_FAILURE);
    state = passiveFailure(state, spec, 10_500);
    expect(isDown(state, 20_500)).toBe(true);
    expect(isDown(state, 20_501)).toBe(false);
  });

  it("a success within the timeout does not forgive", () => {
    const state = passiveFailure(NO_FAILURE, spec, 0);
    expect(passiveSuccess(passivePick(state, spec, 5_000))).toBe(state);
    expect(passiveSuccess(passivePick(state, spec, 10_001))).toBe(NO_FAILURE);
  });

  it("is off with maxFails 0", () => {
    const off = { maxFails: 0, failTimeoutMs: 10_000 };
    expect(passiveFailure(NO_FAILURE, off, 5)).toBe(NO_FAILURE);
    expect(passiveOpinion({ fails: 9, failedMs: 0, checkedMs: 0 }, off)).toBeUndefined();
  });
});

describe("merged opinions", () => {
  const opinion = (
    source: Opinion["source"],
    verdict: Opinion["verdict"],
    sinceMs: number,
    untilMs = Infinity,
  ): Opinion => ({
    source,
    verdict,
    sinceMs,
    untilMs,
  });

  it.each<[string, Opinion[], "up" | "down", string | undefined]>([
    ["nothing said", [], "up", undefined],
    ["probes say down", [opinion("active", "down", 0)], "down", "active"],
    [
      "traffic says down, probes up",
      [opinion("active", "up", 50), opinion("passive", "down", 10, 200)],
      "down",
      "passive",
    ],
    ["what traffic said is over", [opinion("passive", "down", 0, 99)], "up", undefined],
    ["its last moment counts", [opinion("passive", "down", 0, 100)], "down", "passive"],
    ["refused", [opinion("connection", "down", 10, 200)], "down", "connection"],
    [
      "refused after the last probe",
      [opinion("active", "up", 5), opinion("connection", "down", 10, 200)],
      "down",
      "connection",
    ],
    [
      "refused, and probed well since",
      [opinion("active", "up", 50), opinion("connection", "down", 10, 200)],
      "up",
      undefined,
    ],
    [
      "refused in the moment of the probe",
      [opinion("active", "up", 10), opinion("connection", "down", 10, 200)],
      "down",
      "connection",
    ],
    [
      "two say down: the longer holds",
      [opinion("passive", "down", 0, 300), opinion("connection", "down", 0, 200)],
      "down",
      "passive",
    ],
  ])("%s", (_, opinions, verdict, source) => {
    expect(mergeOpinions(opinions, 100)).toMatchObject({ verdict, source });
    expect(mergeOpinions([...opinions].reverse(), 100)).toMatchObject({ verdict, source });
  });
});
