import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client } from "./client.ts";
import { type Cluster, startCluster } from "./cluster.ts";

// Five processes share two cores with whatever else runs there.
vi.setConfig({ testTimeout: 120_000 });

let cluster: Cluster;
let client: Client;

beforeEach(async () => {
  cluster = await startCluster();
  client = new Client(cluster.origin);
});
afterEach(() => client.close());

test("logout unbinds the client, and its next request is assigned afresh", async () => {
  await client.post("/login", { user: "ada" });
  const bound = client.cookies.get("sojourn_affinity");
  expect(bound).toBeDefined();

  const raw = await fetch(`${cluster.origin}/logout`, {
    method: "POST",
    headers: { cookie: client.cookieHeader, "content-type": "application/json" },
    body: "{}",
  });
  const cleared = raw.headers.getSetCookie();
  expect(raw.status).toBe(204);
  expect(raw.headers.has("sojourn-affinity"), "the word stays between app and balancer").toBe(false);
  expect(cleared.map((line) => line.split(";")[0]).sort()).toEqual(["session=", "sojourn_affinity="]);
  expect(cleared.every((line) => /; Max-Age=0;/.test(line))).toBe(true);

  client.cookies.clear();
  const next = await client.get("/cart");
  expect(JSON.parse(next.body)).toEqual({ user: null, items: [], count: 0 });
  expect(client.cookies.get("sojourn_affinity"), "a stamp of its own").toBeDefined();
  expect(client.cookies.get("sojourn_affinity")).not.toBe(bound);
});

test("what a client says in the words of the seam reaches no server", async () => {
  const home = (await client.get("/cart")).servedBy;
  const answer = await fetch(`${cluster.origin}/cart`, {
    headers: {
      cookie: client.cookieHeader,
      "Sojourn-Moved": "from=forged; reason=down",
      Sojourn_Moved: "from=forged; reason=down",
      "Sojourn-Replica": "forged",
    },
  });
  expect(answer.headers.get("x-served-by")).toBe(home);
  expect(await client.json("/moved")).toEqual([]);
});
