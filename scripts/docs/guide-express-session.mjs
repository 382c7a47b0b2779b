import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/express-session.md";
export const render = () => fillListings(file);
