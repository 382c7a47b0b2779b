import { createCookieWriter, SojournError } from "@sojourn/core";
import type { NginxStamp, StampAttributes } from "../../model.ts";
import type { Report } from "../shared/report.ts";
import { suggest } from "../shared/suggest.ts";
import type { Directive, Word } from "./text.ts";
import { parseNginxTime } from "./time.ts";

const VALUED = ["expires", "domain", "path", "samesite"];
const FLAGS = ["httponly", "secure"];

/** `sticky cookie NAME [expires=] [domain=] [path=] [httponly] [secure] [samesite=]`. */
export function readSticky(directive: Directive, report: Report): NginxStamp | undefined {
  const [kind, name, ...parameters] = directive.args;
  if (kind === undefined || name === undefined) return undefined;
  if (kind.text !== "cookie") {
    report.unsupported(`sticky ${kind.text}`, kind.at, "use sticky cookie NAME");
    return undefined;
  }
  const given = new Map<string, Word & { readonly value: string }>();
  for (const word of parameters) {
    const [, key = word.text, value] = /^([a-z]+)=(.*)$/s.exec(word.text) ?? [];
    const known = value === undefined ? FLAGS.includes(key) : VALUED.includes(key);
    if (!known) {
      const close = suggest(key, [...VALUED.map((valued) => `${valued}=`), ...FLAGS]);
      const how =
        close === undefined
          ? `the parameters are ${VALUED.join("=, ")}=, ${FLAGS.join(", ")}`
          : `did you mean ${close}?`;
      report.problems.add("CONFIG_KEY_UNKNOWN", { where: "sticky cookie", key: word.text, how }, word.at);
    } else if (given.has(key)) {
      report.problems.add("CONFIG_NAME_DOUBLED", { kind: "parameter", name: key }, word.at);
    } else given.set(key, { ...word, value: value ?? "" });
  }
  const attributes = readAttributes(given, report);
  const expires = readExpires(given.get("expires"), report);
  try {
    createCookieWriter(name.text, attributes.sameSite === "none" ? { ...attributes, secure: true } : attributes);
  } catch (error) {
    if (!(error instanceof SojournError)) throw error;
    report.problems.adopt(error, name.at);
  }
  return { kind: "nginx", cookie: name.text, ...(expires === undefined ? {} : { expires }), attributes };
}

function readExpires(word: (Word & { value: string }) | undefined, report: Report): number | "max" | undefined {
  if (word === undefined || word.value === "max") return word === undefined ? undefined : "max";
  const ms = parseNginxTime(word.value, "seconds");
  if (ms === undefined) {
    report.invalid("expires", word.value, "which is no NGINX time", "write max or a time such as 1h", word.at);
  }
  return ms === undefined ? undefined : ms / 1_000;
}

function readAttributes(given: ReadonlyMap<string, Word & { value: string }>, report: Report): StampAttributes {
  const text = (key: string): string | undefined => {
    const word = given.get(key);
    if (word === undefined) return undefined;
    if (word.value.includes("$")) report.unsupported(`a variable in ${key}=`, word.at, "write the value itself");
    else if (word.value === "") report.invalid(key, "", "which is empty", `give a value or leave ${key}= out`, word.at);
    else return word.value;
    return undefined;
  };
  const domain = text("domain");
  const path = text("path");
  const sameSite = text("samesite")?.toLowerCase();
  const known = sameSite === "strict" || sameSite === "lax" || sameSite === "none" ? sameSite : undefined;
  const word = given.get("samesite");
  if (sameSite !== undefined && known === undefined && word !== undefined) {
    report.invalid("samesite", word.value, "which is not one of its values", "choose strict, lax or none", word.at);
  }
  return {
    ...(domain === undefined ? {} : { domain }),
    ...(path === undefined ? {} : { path }),
    secure: given.has("secure"),
    httpOnly: given.has("httponly"),
    ...(known === undefined ? {} : { sameSite: known }),
  };
}
