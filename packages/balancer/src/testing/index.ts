export { type ContractCase, type EngineHarness, type EngineRun, engineContract } from "./engine-contract.ts";
export { createFakeEngine, type FakeEngine } from "./fake-engine.ts";
export { crossed, overJson } from "./json-port.ts";
export { poolSpec, serverSpec, snapshotOf } from "./specs.ts";
