import type { Fields } from "../fields.ts";
import { KIND } from "../kinds.ts";

/** Keeps shared caches from storing a response that carries one client's stamp; stricter directives stay as they are. */
export function makePrivate(fields: Fields): void {
  const given = fields.joined(KIND.cacheControl, ", ");
  if (given === undefined) {
    fields.add("Cache-Control", "private");
    return;
  }
  if (/(?:^|[\s,])(?:private(?!\s*=)|no-store)(?=$|[\s,])/i.test(given)) return;
  for (let i = 0; i < fields.count; i++) if (fields.kinds[i] === KIND.cacheControl) fields.drop(i);
  // A quoted argument may hold commas; then nothing is taken out, and caches obey the strictest directive.
  const rest = given.includes('"')
    ? [given]
    : given.split(",").filter((part) => !/^\s*(?:public|s-maxage\s*=.*)\s*$/i.test(part));
  const left = rest.map((part) => part.trim()).filter((part) => part !== "");
  fields.add("Cache-Control", ["private", ...left].join(", "));
}
