export { type FromExpressStoreOptions, fromExpressStore } from "./from-express.ts";
export type { ExpressCookie, ExpressSessionData, ExpressSessionModule, ExpressStore } from "./shapes.ts";
export { type ToExpressStoreOptions, toExpressStore } from "./to-express.ts";
