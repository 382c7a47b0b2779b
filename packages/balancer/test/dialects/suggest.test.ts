import { expect, it } from "vitest";
import { suggest } from "../../src/dialects/shared/suggest.ts";

const METHODS = ["rendezvous", "round-robin", "least-connections", "haproxy-source"];

it.each([
  ["roundrobin", "round-robin"],
  ["Round-Robin", "round-robin"],
  ["rendevous", "rendezvous"],
  ["leastconn", "least-connections"],
  ["least_conn", "least-connections"],
  ["least-conn", "least-connections"],
  ["haproxy", "haproxy-source"],
  ["hap", undefined],
  ["-_", undefined],
  ["source", undefined],
  ["fastest", undefined],
  ["", undefined],
  ["r".repeat(65), undefined],
])("takes %s for %s", (word, meant) => expect(suggest(word, METHODS)).toBe(meant));

it.each([
  ["affinty", "affinity"],
  ["Balance", "balance"],
  ["haelth", "health"],
  ["pat", "path"],
  ["pi", "ip"],
  ["servers", undefined],
  ["x".repeat(100_000), undefined],
])("takes %.10s for %s", (word, meant) => {
  expect(suggest(word, ["affinity", "balance", "health", "path", "ip"])).toBe(meant);
});

it("prefers the closest", () => {
  expect(suggest("idel", ["idle", "ideal"])).toBe("idle");
});
