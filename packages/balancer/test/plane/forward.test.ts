import { describe, expect, it } from "vitest";
import { echoOrigin, rig } from "./support/raw.ts";

describe("forwarding", () => {
  it("carries a request to the server and its response back", async () => {
    const origin = await echoOrigin();
    const { ask, director } = await rig([origin.port]);
    const response = await ask("GET /a?b=c HTTP/1.1\r\nHost: shop.example\r\nAccept: */*\r\n\r\n");
    expect(response).toBe("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    expect(origin.requests[0]).toMatch(/^GET \/a\?b=c HTTP\/1\.1\r\nHost: shop\.example\r\nAccept: \*\/\*\r\n/);
    await director.finished(1);
    expect(director.outcomes).toEqual([
      { server: "s1", outcome: { kind: "response", status: 200, latencyMs: expect.any(Number) } },
    ]);
  });
});
