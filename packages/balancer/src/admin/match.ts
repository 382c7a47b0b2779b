import { SojournError } from "@sojourn/core";
import type { AdminRoute } from "./request.ts";

export interface Match {
  readonly route: AdminRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** @throws ADMIN_PATH_UNKNOWN ADMIN_METHOD_UNKNOWN */
export function matchRoute(routes: readonly AdminRoute[], method: string, path: string): Match {
  const segments = path.split("/");
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchPath(route.path.split("/"), segments);
    if (params === undefined) continue;
    if (route.method === method || (route.method === "GET" && method === "HEAD")) return { route, params };
    allowed.push(route.method);
  }
  if (allowed.length === 0) throw new SojournError("ADMIN_PATH_UNKNOWN", { path });
  throw new SojournError("ADMIN_METHOD_UNKNOWN", { path, method, allowed: allowed.join(", ") });
}

function matchPath(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if (part.startsWith(":")) {
      const value = decode(segment);
      if (value === undefined || value === "") return undefined;
      params[part.slice(1)] = value;
    } else if (part !== segment) {
      return undefined;
    }
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
