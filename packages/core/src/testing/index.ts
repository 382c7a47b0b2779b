export { createFakeClock, type FakeClock } from "./fake-clock.ts";
export { createFakeRandom } from "./fake-random.ts";
export { createFakeRuntime, type FakeRuntime, type FakeRuntimeParts, type LogLine } from "./fake-runtime.ts";
