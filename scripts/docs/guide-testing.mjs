import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/testing.md";
export const render = () => fillListings(file);
