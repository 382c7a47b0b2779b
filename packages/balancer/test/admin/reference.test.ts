import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MAX_BODY_BYTES } from "../../src/admin/body.ts";
import { MAX_WAITING_BYTES } from "../../src/admin/event-stream.ts";
import { adminRoutes, type RouteParts } from "../../src/admin/routes.ts";
import type { EventBody } from "../../src/engine/port.ts";

const text = readFileSync(new URL("../../../../docs/reference/admin-api.md", import.meta.url), "utf8");

it("the reference lists exactly the calls there are", () => {
  const written = [...text.matchAll(/^\| `((?:GET|POST|PUT|DELETE) [^`]+)` \|/gm)].map(([, call]) => call);
  // Routes are made without calling their parts.
  const routes = adminRoutes({ metrics: {} } as RouteParts);
  expect(written.toSorted()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).toSorted());
});

it("the reference lists exactly the events there are", () => {
  const kinds: Record<EventBody["kind"], true> = {
    "server.up": true,
    "server.down": true,
    "server.state": true,
    "server.added": true,
    "server.removed": true,
    move: true,
    "drain.progress": true,
    "drain.done": true,
    reload: true,
  };
  const table = text.slice(text.indexOf("## Events"));
  const written = [...table.matchAll(/^\| ((?:`[a-z.]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
    [...(cell ?? "").matchAll(/`([a-z.]+)`/g)].map(([, kind]) => kind),
  );
  expect(written.toSorted()).toEqual(Object.keys(kinds).toSorted());
});

it("the reference tells the limits that hold", () => {
  expect(text).toContain(`${MAX_BODY_BYTES / 1024} KB (413)`);
  expect(text).toContain(`${MAX_WAITING_BYTES / 1024} KB wait`);
});
