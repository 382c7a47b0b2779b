import { createBrowser } from "@sojourn/session/testing";
import { expect, test } from "vitest";

const SHOP = "https://shop.test";

/** Remembers what arrived and answers what it is told. */
function server(answer: (request: Request) => Response) {
  const seen: Request[] = [];
  const send = (request: Request) => {
    seen.push(request);
    return answer(request);
  };
  return { seen, browser: createBrowser({ send }) };
}

test("keeps cookies from one request to the next", async () => {
  const { seen, browser } = server(
    () =>
      new Response(null, {
        headers: [
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ],
      }),
  );
  await browser.request(`${SHOP}/`);
  await browser.request(`${SHOP}/`);
  expect(seen.map((request) => request.headers.get("Cookie"))).toEqual([null, "a=1; b=2"]);
});

test("says where a request comes from", async () => {
  const { seen, browser } = server(() => new Response());
  await browser.request(SHOP, { from: null });
  await browser.request(SHOP, { method: "POST" });
  await browser.request(SHOP, { method: "POST", from: "https://www.shop.test/" });
  await browser.request(SHOP, { method: "POST", from: "https://evil.test/" });
  expect(seen.map(({ headers }) => [headers.get("Sec-Fetch-Site"), headers.get("Origin")])).toEqual([
    ["none", null],
    ["same-origin", "https://shop.test"],
    ["same-site", "https://www.shop.test"],
    ["cross-site", "https://evil.test"],
  ]);
});

test("withholds Lax cookies from another site's form and gives them to its links", async () => {
  const { seen, browser } = server(() => new Response(null, { headers: { "Set-Cookie": "a=1; SameSite=Lax" } }));
  await browser.request(SHOP);
  await browser.request(SHOP, { method: "POST", from: "https://evil.test/", navigates: true });
  await browser.request(SHOP, { from: "https://evil.test/", navigates: true });
  expect(seen.map(({ headers }) => headers.get("Cookie"))).toEqual([null, null, "a=1"]);
});

test("follows redirects and takes the cookies on the way", async () => {
  const { seen, browser } = server((request) =>
    new URL(request.url).pathname === "/login"
      ? new Response(null, { status: 303, headers: { Location: "/home", "Set-Cookie": "a=1; Path=/" } })
      : new Response("home"),
  );
  const response = await browser.request(`${SHOP}/login`, { method: "POST", body: "x" });
  expect(await response.text()).toBe("home");
  expect(seen.map(({ method, headers }) => [method, headers.get("Cookie")])).toEqual([
    ["POST", null],
    ["GET", "a=1"],
  ]);
});

test("gives up on a loop", async () => {
  const { browser } = server(() => new Response(null, { status: 302, headers: { Location: "/" } }));
  await expect(browser.request(SHOP)).rejects.toThrow("20 redirects");
});

test("a redirect to another site takes no Strict cookie along, and stays another site's on the way back", async () => {
  const { seen, browser } = server(({ url }) => {
    const to: Record<string, string> = { [`${SHOP}/out`]: "https://id.test/", "https://id.test/": `${SHOP}/back` };
    const Location = to[url];
    return new Response(null, Location === undefined ? {} : { status: 302, headers: { Location } });
  });
  browser.jar.receive("strict=1; Path=/; SameSite=Strict", new URL("https://id.test/"));
  browser.jar.receive("strict=2; Path=/; SameSite=Strict", new URL(SHOP));
  await browser.request(`${SHOP}/out`);
  await browser.request(`${SHOP}/out`, { from: null });
  expect(seen.map(({ headers }) => [headers.get("Sec-Fetch-Site"), headers.get("Cookie")])).toEqual([
    ["same-origin", "strict=2"],
    ["cross-site", null],
    ["cross-site", "strict=2"],
    ["none", "strict=2"],
    ["none", "strict=1"],
    ["none", "strict=2"],
  ]);
});

test("says nothing of the source over plain http to another machine, as browsers do", async () => {
  const { seen, browser } = server(() => new Response());
  for (const url of ["http://shop.test/", "http://127.0.0.1:1/", "http://localhost:1/", "http://shop.localhost/"]) {
    await browser.request(url, { method: "POST" });
  }
  expect(seen.map(({ headers }) => headers.get("Sec-Fetch-Site"))).toEqual([null, ...Array(3).fill("same-origin")]);
});

test("HEAD stays HEAD over a 303", async () => {
  const { seen, browser } = server(({ url }) =>
    url.endsWith("/a") ? new Response(null, { status: 303, headers: { Location: "/b" } }) : new Response(),
  );
  await browser.request(`${SHOP}/a`, { method: "HEAD" });
  expect(seen.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
});
