import { fillListings } from "./listings/fill.mjs";

export const file = "docs/guide/stateful-or-stateless.md";
export const render = () => fillListings(file);
