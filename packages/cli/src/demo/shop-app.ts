import { readFileSync } from "node:fs";
import { isSojournError, type SojournError } from "@sojourn/core";
import type { Sessions } from "@sojourn/session";
import { expressSession } from "@sojourn/session/express";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { Channel } from "./channel.ts";
import { MAX_ITEM_LENGTH, MAX_ITEMS, MAX_USER_LENGTH } from "./goods.ts";
import { type Before, describe, readBefore, writeBefore } from "./notice.ts";
import { page } from "./page.ts";
import { isVerb, type ShopSetup } from "./protocol.ts";

export interface ShopData {
  readonly cart: readonly string[];
}

/** No script, style or form target but our own. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** A foreign name that leads to this machine (DNS rebinding) is the same origin to a browser, so it is told apart here. */
const LOOPBACK = /^(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d+)?$/i;

const ASSETS = [
  ["shop.css", "text/css; charset=utf-8"],
  ["shop.js", "text/javascript; charset=utf-8"],
  ["icon.svg", "image/svg+xml"],
] as const;

export function createShop(setup: ShopSetup, sessions: Sessions<ShopData>, channel: Channel): Express {
  const session = expressSession(sessions);
  const app = express().disable("x-powered-by").disable("etag");

  app.use((_request, response, next) => {
    response.set({ "X-Served-By": setup.name, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin" });
    next();
  });
  app.get("/healthz", (_request, response) => void response.type("text").send("ok\n"));
  for (const [name, type] of ASSETS) {
    const content = readFileSync(new URL(`../../assets/${name}`, import.meta.url));
    app.get(
      `/${name}`,
      (_request, response) => void response.type(type).set("Cache-Control", "no-cache").send(content),
    );
  }

  app.use(session, express.json({ limit: "16kb" }), express.urlencoded({ extended: false, limit: "16kb" }));

  app.get("/", async (request, response) => {
    const { reply } = await channel.ask({ verb: "look" });
    const { userId: user, items } = visit(request);
    const before = readBefore(new URLSearchParams(request.url.split("?", 2)[1]));
    response.set({ "Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store" }).type("html");
    response.send(
      page({
        user,
        items,
        servedBy: setup.name,
        servers: reply.ok ? reply.servers : [],
        mode: setup.mode,
        notice: describe(before, { servedBy: setup.name, user, items: items.length, mode: setup.mode }),
        control: setup.control,
      }),
    );
  });

  app.get("/cart", (request, response) => {
    const { userId, items } = visit(request);
    response.set("Cache-Control", "no-store").json({ user: userId ?? null, items, servedBy: setup.name });
  });

  app.post("/login", async (request, response) => {
    const user = text(request, "user", MAX_USER_LENGTH);
    if (user === undefined) return refuse(response, 400, `user must be a text of 1 to ${MAX_USER_LENGTH} characters`);
    await session.of(request).login(user);
    done(request, response, { did: "login" });
  });

  app.post("/cart", (request, response) => {
    const item = text(request, "item", MAX_ITEM_LENGTH);
    if (item === undefined) return refuse(response, 400, `item must be a text of 1 to ${MAX_ITEM_LENGTH} characters`);
    if (visit(request).items.length >= MAX_ITEMS)
      return refuse(response, 409, `the cart holds ${MAX_ITEMS} items already`);
    session.of(request).push("cart", item);
    done(request, response, { did: "add" });
  });

  app.post("/logout", async (request, response) => {
    await session.of(request).logout();
    done(request, response, { did: "logout" });
  });

  app.post("/servers/:server/:verb", async (request, response) => {
    const { server, verb } = request.params;
    if (!isVerb(verb)) return refuse(response, 404, `a server cannot be asked to ${verb}`);
    if (!LOOPBACK.test(request.get("Host") ?? ""))
      return refuse(response, 421, "servers are steered from this machine");
    const { items } = visit(request);
    const { reply, answered } = await channel.ask({ verb, server });
    response.once("close", answered);
    if (reply.ok) return done(request, response, { did: verb, on: server, had: items.length });
    if (reply.status === 423) return done(request, response, { did: "last", on: server, had: items.length });
    refuse(response, reply.status, reply.reason);
  });

  app.use((_request, response) => refuse(response, 404, "there is nothing here"));
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const { status, message } = explain(error);
    refuse(response, status, message);
  });
  return app;

  function visit(request: Request) {
    const own = session.of(request);
    return { userId: own.userId, items: own.get("cart") ?? [] };
  }

  /** Programs get 204; a form gets the page again, with what happened in its address. */
  function done(request: Request, response: Response, before: Partial<Before>): void {
    response.set("Cache-Control", "no-store");
    if (!request.is("urlencoded")) return void response.sendStatus(204);
    const known = readBefore(new URLSearchParams(request.body));
    response.redirect(303, `/?${writeBefore({ had: known.had, was: known.was ?? setup.name, ...before })}`);
  }
}

function refuse(response: Response, status: number, message: string): void {
  response.status(status).type("text").send(`${message}\n`);
}

/** A field of the body, trimmed; undefined when it is absent, empty, too long or no text. */
function text(request: Request, name: string, maxLength: number): string | undefined {
  const body: unknown = request.body;
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name)) return undefined;
  const value = (body as Record<string, unknown>)[name];
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  return trimmed === "" || trimmed.length > maxLength ? undefined : trimmed;
}

function explain(error: unknown): { readonly status: number; readonly message: string } {
  if (isSojournError(error)) return { status: (error as SojournError).status, message: error.message };
  // body-parser marks errors that a client may read.
  if (error instanceof Error && "expose" in error && error.expose === true && "status" in error) {
    return { status: Number(error.status), message: error.message };
  }
  console.error(error instanceof Error ? error.message : error);
  return { status: 500, message: "the shop failed; its terminal says why" };
}
