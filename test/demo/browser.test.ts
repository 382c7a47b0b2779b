import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { expect, it, vi } from "vitest";
import { shareChromium } from "../fixtures/chromium.ts";
import { requireServer } from "../fixtures/require-server.ts";
import { startDemo } from "./demo-process.ts";

// Whole processes start here; on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 });

const SHOTS = fileURLToPath(new URL("../../shots/", import.meta.url));
mkdirSync(SHOTS, { recursive: true });

/** What a person sees of one visit. */
function look(page: Page) {
  const text = async (selector: string) => ((await page.locator(selector).textContent()) ?? "").trim();
  return {
    text,
    server: () => text("#answer strong"),
    notice: () => text("#notice"),
    count: () => text("#cart-count"),
    cart: () => text("#cart ul"),
    condition: (name: string) => text(`#${name} .condition`),
  };
}

/** Complaints of the browser: blocked scripts, failed loads, exceptions. */
function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  return complaints;
}

/** A person waits this long for a page that is busy. */
const soon = <T>(see: () => Promise<T>) => expect.poll(see, { timeout: 30_000 });

requireServer("chromium")("a person in a browser", () => {
  const openBrowser = shareChromium();

  it("keeps user and cart while servers are killed, restarted and drained, and is out after logging out", async () => {
    const [demo, browser] = await Promise.all([startDemo(), openBrowser({ viewport: { width: 1200, height: 960 } })]);
    const page = await browser.newPage();
    const complaints = watch(page);
    const seen = look(page);
    await page.goto(demo.shop);

    await page.getByRole("button", { name: "Add Trail map" }).click();
    await soon(seen.count).toBe("1");
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button", { name: "Log in" }).click();
    await soon(() => seen.text("#user")).toBe("Ada");
    await page.getByLabel("Something else").fill("Spare laces");
    await page.getByLabel("Something else").press("Enter");
    await soon(seen.count).toBe("2");
    expect(await seen.cart()).toMatch(/Trail map[\s\S]*Spare laces/);

    const first = await seen.server();
    await page.getByRole("button", { name: `kill ${first}` }).click();
    await soon(seen.notice).toMatch(
      new RegExp(`${first} was killed\\. You are now on shop-\\d\\. Your cart is still here\\.`),
    );
    const second = await seen.server();
    expect(second).not.toBe(first);
    expect(await seen.condition(first)).toMatch(/^killed/);
    expect(await seen.cart()).toMatch(/Trail map[\s\S]*Spare laces/);
    expect(await seen.text("#user")).toBe("Ada");
    await page.screenshot({ path: `${SHOTS}killed-desktop.png`, fullPage: true });

    await page.getByRole("button", { name: `restart ${first}` }).click();
    await soon(seen.notice).toContain(`${first} is back and takes clients again.`);
    await soon(() => seen.condition(first)).toMatch(/^up/);

    await page.getByRole("button", { name: `drain ${second}` }).click();
    await soon(seen.notice).toContain(`${second} is draining`);
    await soon(() => seen.condition(second)).toMatch(/^draining/);
    await page.reload();
    expect(await seen.server()).toBe(second);

    await page.getByRole("button", { name: "Log out" }).click();
    await soon(seen.notice).toContain("You are logged out, for good.");
    await soon(seen.count).toBe("0");
    // Unbound at logout: newcomers are not sent to a draining server.
    await soon(seen.server).not.toBe(second);
    await page.goBack().catch(() => {});
    await page.goto(demo.shop);
    expect(await page.locator("#user").count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it("can do all of it on a phone and without scripts", async () => {
    const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, javaScriptEnabled: false };
    const [demo, browser] = await Promise.all([startDemo(), openBrowser(phone)]);
    const page = await browser.newPage();
    await page.goto(demo.shop);
    const { text } = look(page);
    await page.locator("#add-oat-bars").tap();
    await soon(() => text("#cart-count")).toBe("1");
    await page.locator("#name").fill("Bo");
    await page.locator("#login").tap();
    await soon(() => text("#user")).toBe("Bo");
    const first = await text("#answer strong");
    await page.locator(`#kill-${first}`).tap();
    await soon(() => text("#notice")).toMatch(/was killed\. You are now on shop-\d\. Your cart is still here\./);
    expect(await text("#cart ul")).toContain("Oat bars");
    await page.screenshot({ path: `${SHOTS}killed-phone.png`, fullPage: true });

    const box = await page.locator("html").boundingBox();
    expect(box?.width).toBe(360);
    for (const button of await page.getByRole("button").all()) {
      const size = await button.boundingBox();
      expect(size?.height).toBeGreaterThanOrEqual(40);
      expect((size?.x ?? 0) + (size?.width ?? 0)).toBeLessThanOrEqual(360);
    }
    await page.locator(`#restart-${first}`).tap();
    await soon(() => text("#notice")).toContain(`${first} is back`);
    await page.locator("#logout").tap();
    await soon(() => text("#notice")).toContain("You are logged out");
  });

  it("sees a move that somebody else caused, without touching the page", async () => {
    const [demo, browser] = await Promise.all([startDemo(), openBrowser()]);
    const page = await browser.newPage();
    await page.goto(demo.shop);
    const seen = look(page);
    await page.getByRole("button", { name: "Add Tin mug" }).click();
    await soon(seen.count).toBe("1");
    const first = await seen.server();
    await demo.ask("kill", first);
    await soon(seen.notice).toMatch(
      new RegExp(`You were moved from ${first} to shop-\\d\\. Your cart is still here\\.`),
    );
    expect(await seen.server()).not.toBe(first);
  });
});
