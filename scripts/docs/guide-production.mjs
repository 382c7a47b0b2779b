import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/production.md";
export const render = () => fillListings(file);
