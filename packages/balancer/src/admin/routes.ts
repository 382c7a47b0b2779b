import { SojournError } from "@sojourn/core";
import type { Control } from "../engine/control.ts";
import type { Explanation, Known } from "../engine/port.ts";
import type { PoolReport } from "../engine/reports.ts";
import { readDrainBody, readEmptyBody, readServerBody } from "./bodies.ts";
import type { EventStreams } from "./event-stream.ts";
import { readExplainQuery } from "./explain-query.ts";
import { type AdminAnswer, type AdminRequest, type AdminRoute, json } from "./request.ts";

export interface RouteParts {
  readonly control: Control;
  readonly streams: EventStreams;
  /** Prometheus text and its content type. */
  readonly metrics: { readonly contentType: string; render(): Promise<string> };
  /** Reads the file again and applies it; undefined: there is no file. */
  readonly reload: (() => Promise<void>) | undefined;
  /** Facts about the balancer itself. */
  status(): Readonly<Record<string, unknown>>;
}

const SERVER = "/v1/pools/:pool/servers/:server";

/** Every call of the admin API. */
export function adminRoutes({ control, streams, metrics, reload, status }: RouteParts): readonly AdminRoute[] {
  async function onePool(name: string): Promise<PoolReport> {
    const { pools } = await control.report();
    const found = pools.find((pool) => pool.name === name);
    if (found === undefined) {
      throw new SojournError("POOL_UNKNOWN", { pool: name, known: pools.map((pool) => pool.name).join(", ") });
    }
    return found;
  }
  async function oneServer({ params }: AdminRequest, status = 200): Promise<AdminAnswer> {
    const { servers } = await onePool(params.pool ?? "");
    return json({ pool: params.pool, server: servers.find(({ name }) => name === params.server) }, status);
  }
  const setState = (action: "enable" | "disable", state: "enabled" | "disabled"): AdminRoute => ({
    method: "POST",
    path: `${SERVER}/${action}`,
    async handle(request) {
      readEmptyBody(request.body);
      await control.setState(request.params.pool ?? "", request.params.server ?? "", state);
      return oneServer(request);
    },
  });

  return [
    { method: "GET", path: "/v1/status", handle: () => json({ engine: control.capabilities, ...status() }) },
    { method: "GET", path: "/v1/pools", handle: async () => json(await control.report()) },
    { method: "GET", path: "/v1/pools/:pool", handle: async ({ params }) => json(await onePool(params.pool ?? "")) },
    {
      method: "POST",
      path: `${SERVER}/drain`,
      async handle(request) {
        const options = readDrainBody(request.body);
        await control.setState(request.params.pool ?? "", request.params.server ?? "", "draining", options);
        return oneServer(request);
      },
    },
    setState("enable", "enabled"),
    setState("disable", "disabled"),
    {
      method: "PUT",
      path: SERVER,
      async handle(request) {
        const spec = readServerBody(request.params.server ?? "", request.body);
        const done = await control.putServer(request.params.pool ?? "", spec);
        return oneServer(request, done === "added" ? 201 : 200);
      },
    },
    {
      method: "DELETE",
      path: SERVER,
      async handle(request) {
        readEmptyBody(request.body);
        await control.removeServer(request.params.pool ?? "", request.params.server ?? "");
        return json(await onePool(request.params.pool ?? ""));
      },
    },
    {
      method: "GET",
      path: "/v1/explain",
      async handle({ query }) {
        const question = readExplainQuery(
          query,
          control.snapshot().pools.map(({ name }) => name),
        );
        return json(explained(await control.explain(question)));
      },
    },
    { method: "GET", path: "/v1/events", handle: (request) => streams.follow(request.header("last-event-id")) },
    {
      method: "GET",
      path: "/metrics",
      handle: async () => ({ kind: "text", contentType: metrics.contentType, text: await metrics.render() }),
    },
    {
      method: "POST",
      path: "/v1/reload",
      async handle({ body }) {
        readEmptyBody(body);
        if (reload === undefined) throw new SojournError("RELOAD_UNAVAILABLE", {});
        await reload();
        return json({ reloaded: true, pools: (await control.report()).pools });
      },
    },
  ];
}

function explained(answer: Known<Explanation>): unknown {
  if (answer === "unsupported") return { explanation: answer };
  const { pool, affinity, balance, candidates, skipped } = answer;
  return { pool, affinity, balance, candidates, skipped };
}
