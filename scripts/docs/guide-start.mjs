import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/start.md";
export const render = () => fillListings(file);
