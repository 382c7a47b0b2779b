import type { BalancerConfig } from "../../config.ts";
import type { RouteSpec } from "../../model.ts";
import { formatHostPort } from "../shared/address.ts";
import { createRemarks, heading, type Remarks, type Rendered } from "../shared/writing.ts";
import { backendLines, haproxyName, word } from "./render-backend.ts";

/** A whole haproxy.cfg, ready for `haproxy -c`. @throws RENDER_UNSUPPORTED */
export function renderHaproxy(config: BalancerConfig): Rendered {
  const remarks = createRemarks("HAProxy");
  const { pools } = config.snapshot;
  const backends = pools.flatMap((pool) => ["", ...backendLines(pool, remarks)]);
  const lines = [...frontendLines(config, remarks), ...backends];
  return { text: `${heading(remarks.notes)}\n${lines.join("\n")}\n`, notes: remarks.notes };
}

function frontendLines({ listeners, snapshot, trustedProxies }: BalancerConfig, remarks: Remarks): readonly string[] {
  const { pools, routes } = snapshot;
  const binds = listeners.map(({ host, port }) => `bind ${formatHostPort(host, port)}`);
  const longest = Math.max(0, ...pools.map((pool) => pool.profile.timeouts.responseMs));
  const lines = ["mode http", ...binds, `timeout client ${Math.max(1, Math.ceil(longest / 1_000))}s`];
  const forwards = pools.some((pool) => pool.profile.forwardedHeaders === "x-forwarded");
  if (trustedProxies.length > 0) {
    remarks.note(
      `HAProxy takes its peer for the client: the X-Forwarded-For of ${trustedProxies.join(", ")} is passed on, not followed`,
    );
    if (forwards) lines.push(`http-request del-header X-Forwarded-For unless { src ${trustedProxies.join(" ")} }`);
  } else if (forwards) lines.push("http-request del-header X-Forwarded-For");
  const last = routes.find((route) => route.host === undefined && route.path === "/");
  for (const route of routes) {
    if (route === last) break;
    for (const condition of conditions(route)) lines.push(`use_backend ${haproxyName(route.pool)} if ${condition}`);
  }
  if (last === undefined) remarks.note("requests that match no route are answered 503 by HAProxy");
  else lines.push(`default_backend ${haproxyName(last.pool)}`);
  return ["frontend sojourn", ...lines.map((line) => `    ${line}`)];
}

function conditions({ host, path }: RouteSpec): readonly string[] {
  const byHost = host === undefined ? "" : `{ req.hdr(host),host_only -i ${host} }`;
  const paths =
    path === "/"
      ? [""]
      : path.endsWith("/")
        ? [`{ path_beg ${word(path)} }`]
        : [`{ path ${word(path)} }`, `{ path_beg ${word(path)}/ }`];
  return paths.map((byPath) => [byHost, byPath].filter((part) => part !== "").join(" "));
}
