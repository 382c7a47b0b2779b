export {
  createFakeClock,
  createFakeRandom,
  createFakeRuntime,
  type FakeClock,
  type FakeRuntime,
  type LogLine,
} from "@sojourn/core/testing";
export type {
  FixtureData,
  FixtureReply,
  FixtureRoute,
  FixtureRoutes,
  ServedFixture,
  ServeFixture,
} from "./adapter-case.ts";
export { adapterSuite } from "./adapter-suite.ts";
export { type Browser, type BrowserOptions, type BrowserRequest, createBrowser } from "./browser.ts";
export { parseCookieDate } from "./cookie-date.ts";
export { type CookieJar, createCookieJar, type JarCookie, type RequestContext } from "./cookie-jar.ts";
export { type HeldCall, type HeldStore, holdStore } from "./held-store.ts";
export { type ParsedSetCookie, parseSetCookie } from "./set-cookie.ts";
export type { TestTime } from "./store-case.ts";
export { type StoreUnderTest, type SuiteParts, storeSuite } from "./store-suite.ts";
