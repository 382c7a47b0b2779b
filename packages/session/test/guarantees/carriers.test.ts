import { type AnyStore, createSessions, type RecordCarrier, type Sessions } from "@sojourn/session";
import { headerToken } from "@sojourn/session/carriers/header";
import { jsonWebToken } from "@sojourn/session/carriers/jwt";
import { sealedCookie } from "@sojourn/session/carriers/sealed";
import { memoryStore } from "@sojourn/session/stores/memory";
import { describe, it } from "vitest";
import { KEY_A, type Shop } from "../engine/support.ts";
import { inStore, type Servers, withClient } from "./promises.ts";

type Revocation = "none" | AnyStore;

const sealed = (revocation: Revocation) => sealedCookie({ revocation });
const jwt = (revocation: Revocation) =>
  jsonWebToken({ issuer: "https://shop.example.com", audience: "shop", algorithm: "HS256", revocation });

const silent = async () => Promise.reject(new Error("cut"));
const cutOff = (store: AnyStore): AnyStore => {
  const { readNow: _, ...rest } = store as AnyStore & { readonly readNow?: unknown };
  return { ...rest, read: silent, write: silent, delete: silent };
};

function carried(make: (revocation: Revocation) => RecordCarrier, revocation: Revocation): Servers {
  const over = (carrier: RecordCarrier, more: object = {}): Sessions<Shop> =>
    createSessions<Shop>({ carrier, keys: KEY_A, env: {}, ...more });
  const server = (more?: object) => over(make(revocation), more);
  return revocation === "none" ? { server } : { server, cut: () => over(make(cutOff(revocation))) };
}

describe("headerToken, with a store", () => {
  const open = (): Servers => {
    const store = memoryStore();
    const over = (each: AnyStore, more: object = {}): Sessions<Shop> =>
      createSessions<Shop>({ store: each, carrier: headerToken(), env: {}, ...more });
    return { server: (more) => over(store, more), cut: () => over(cutOff(store)) };
  };
  it("keeps every one of parallel changes", { tags: ["keeps-header-updates"] }, async () => inStore.updates(open()));
  it("ends at a logout for good, whatever is under way", { tags: ["keeps-header-logout"] }, async () =>
    inStore.logout(open()),
  );
  it("lists a user's sessions, from any server", { tags: ["keeps-header-list"] }, async () => inStore.list(open()));
  it("keeps a user's limit", { tags: ["keeps-header-limit"] }, async () => inStore.limit(open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-header-revoke"] }, async () => inStore.revoke(open()));
  it("says that the store is down", { tags: ["keeps-header-down"] }, async () => inStore.down(open()));
});

describe("sealedCookie, with a store for revocation", () => {
  const open = () => carried(sealed, memoryStore());
  it("keeps the last of parallel changes", { tags: ["keeps-sealed-store-updates"] }, async () =>
    withClient.updates(open()),
  );
  it("ends at a logout for every copy", { tags: ["keeps-sealed-store-logout"] }, async () =>
    withClient.logoutNoted(open()),
  );
  it("cannot list a user's sessions", { tags: ["keeps-sealed-store-list"] }, async () => withClient.list(open()));
  it("has no limit", { tags: ["keeps-sealed-store-limit"] }, async () => withClient.limit(open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-sealed-store-revoke"] }, async () =>
    withClient.revokeNoted(open()),
  );
  it("says that the store is down", { tags: ["keeps-sealed-store-down"] }, async () => withClient.downNoted(open()));
});

describe("sealedCookie, without one", () => {
  const open = () => carried(sealed, "none");
  it("keeps the last of parallel changes", { tags: ["keeps-sealed-updates"] }, async () => withClient.updates(open()));
  it("removes what the client holds at a logout, and no copy", { tags: ["keeps-sealed-logout"] }, async () =>
    withClient.logoutAlone(open()),
  );
  it("cannot list a user's sessions", { tags: ["keeps-sealed-list"] }, async () => withClient.list(open()));
  it("has no limit", { tags: ["keeps-sealed-limit"] }, async () => withClient.limit(open()));
  it("cannot revoke", { tags: ["keeps-sealed-revoke"] }, async () => withClient.revokeAlone(open()));
  it("asks no store", { tags: ["keeps-sealed-down"] }, async () => withClient.downAlone(open()));
});

describe("jsonWebToken, with a store for revocation", () => {
  const open = () => carried(jwt, memoryStore());
  it("keeps the last of parallel changes", { tags: ["keeps-jwt-store-updates"] }, async () =>
    withClient.updates(open()),
  );
  it("ends at a logout for every copy", { tags: ["keeps-jwt-store-logout"] }, async () =>
    withClient.logoutNoted(open()),
  );
  it("cannot list a user's sessions", { tags: ["keeps-jwt-store-list"] }, async () => withClient.list(open()));
  it("has no limit", { tags: ["keeps-jwt-store-limit"] }, async () => withClient.limit(open()));
  it("revokes a user's sessions everywhere", { tags: ["keeps-jwt-store-revoke"] }, async () =>
    withClient.revokeNoted(open()),
  );
  it("says that the store is down", { tags: ["keeps-jwt-store-down"] }, async () => withClient.downNoted(open()));
});

describe("jsonWebToken, without one", () => {
  const open = () => carried(jwt, "none");
  it("keeps the last of parallel changes", { tags: ["keeps-jwt-updates"] }, async () => withClient.updates(open()));
  it("removes what the client holds at a logout, and no copy", { tags: ["keeps-jwt-logout"] }, async () =>
    withClient.logoutAlone(open()),
  );
  it("cannot list a user's sessions", { tags: ["keeps-jwt-list"] }, async () => withClient.list(open()));
  it("has no limit", { tags: ["keeps-jwt-limit"] }, async () => withClient.limit(open()));
  it("cannot revoke", { tags: ["keeps-jwt-revoke"] }, async () => withClient.revokeAlone(open()));
  it("asks no store", { tags: ["keeps-jwt-down"] }, async () => withClient.downAlone(open()));
});
