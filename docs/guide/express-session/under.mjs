import { toExpressStore } from "@sojourn/session/express-store";
import { sqliteStore } from "@sojourn/session/stores/sqlite";
import express from "express";
import session from "express-session";

const store = toExpressStore(sqliteStore(process.env.SHOP_DB ?? "shop.db"), { session, idle: "30m" });

export const app = express();
app.use(session({ store, secret: process.env.SHOP_SECRET, resave: false, saveUninitialized: false }));
app.post("/cart/:item", (req, res) => {
  req.session.cart = [...(req.session.cart ?? []), req.params.item];
  res.json(req.session.cart);
});
