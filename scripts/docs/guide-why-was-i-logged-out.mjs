import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/why-was-i-logged-out.md";
export const render = () => fillListings(file);
