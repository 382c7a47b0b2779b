import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/defences.md";
export const render = () => fillListings(file);
