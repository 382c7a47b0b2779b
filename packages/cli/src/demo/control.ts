import type { AdminRoute } from "@sojourn/balancer";
import { SojournError } from "@sojourn/core";
import type { Desk } from "./desk.ts";
import { VERBS } from "./protocol.ts";

/** `POST /demo/servers/{name}/{verb}` beside the admin API, behind the same protections. */
export function controlRoutes(desk: Desk): readonly AdminRoute[] {
  const json = (value: unknown) => ({ kind: "json", status: 200, value }) as const;
  return [
    { method: "GET", path: "/demo/servers", handle: async () => json({ servers: await desk.look() }) },
    ...VERBS.map(
      (verb): AdminRoute => ({
        method: "POST",
        path: `/demo/servers/:name/${verb}`,
        async handle({ params }) {
          const name = params.name ?? "";
          await desk.act(verb, name);
          const server = (await desk.look()).find((view) => view.name === name);
          if (server === undefined) throw new SojournError("DEMO_UNKNOWN_SERVER", { server: name, known: "" });
          return json({ done: verb, server });
        },
      }),
    ),
  ];
}
