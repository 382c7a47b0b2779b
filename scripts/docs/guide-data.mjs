import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/data.md";
export const render = () => fillListings(file);
