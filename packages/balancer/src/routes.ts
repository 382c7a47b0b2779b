import type { RouteSpec } from "./model.ts";
import type { Pool } from "./pool.ts";

/** A route whose pool has been looked up. */
export interface Route {
  readonly pool: Pool;
  /** @param host without port, in lower case. @param target path and query as received. */
  matches(host: string, target: string): boolean;
}

/** A route to a pool that does not exist is left out: requests there find no pool. */
export function compileRoutes(specs: readonly RouteSpec[], pools: readonly Pool[]): readonly Route[] {
  const routes: Route[] = [];
  for (const { host, path, pool: name } of specs) {
    const pool = pools.find(({ spec }) => spec.name === name);
    if (pool === undefined) continue;
    routes.push({
      pool,
      matches: (wanted, target) => (host === undefined || host === wanted) && isUnder(target, path),
    });
  }
  return routes;
}

const SLASH = 0x2f;
const QUESTION = 0x3f;

/** Prefix on segment boundaries: `/shop` holds `/shop`, `/shop/a` and `/shop?b`, not `/shopping`. */
function isUnder(target: string, path: string): boolean {
  // `OPTIONS *` asks about the whole server.
  if (!target.startsWith(path)) return target === "*" && path === "/";
  if (target.length === path.length || path.charCodeAt(path.length - 1) === SLASH) return true;
  const next = target.charCodeAt(path.length);
  return next === SLASH || next === QUESTION;
}
