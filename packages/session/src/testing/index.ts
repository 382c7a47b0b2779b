export {
  createFakeClock,
  createFakeRandom,
  createFakeRuntime,
  type FakeClock,
  type FakeRuntime,
  type LogLine,
} from "@sojourn/core/testing";
export type { TestTime } from "./store-case.ts";
export { type StoreUnderTest, type SuiteParts, storeSuite } from "./store-suite.ts";
