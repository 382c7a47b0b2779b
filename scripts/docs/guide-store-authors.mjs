import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/store-authors.md";
export const render = () => fillListings(file);
