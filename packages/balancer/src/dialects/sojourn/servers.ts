import type { ServerSpec } from "../../model.ts";
import { isHost } from "../shared/address.ts";
import { plainServer } from "../shared/defaults.ts";
import type { Resolution } from "../shared/resolution.ts";
import type { Path } from "../shared/yaml-source.ts";
import { type Context, invalid } from "./context.ts";
import type { ServerFile } from "./schema.ts";

/** Names travel in commands (`drain POOL/SERVER`), metrics and rendered files, so they are plain words. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const NAME_HOW = "use up to 64 letters, digits and _ . - and begin with a letter or digit";

export function checkName(context: Context, path: Path, name: string): void {
  if (NAME.test(name)) return;
  const params = { where: "a name", value: JSON.stringify(name), reason: "which cannot be a name", how: NAME_HOW };
  context.problems.add("CONFIG_VALUE_INVALID", params, context.source.spot(path.slice(0, -1), name));
}

/** One line of `servers`. @returns undefined when its URL is wrong. */
export function readServer(
  context: Context,
  path: Path,
  name: string,
  given: ServerFile,
  resolution: Resolution,
): ServerSpec | undefined {
  checkName(context, path, name);
  const options = typeof given === "string" ? { url: given } : given;
  const urlPath = typeof given === "string" ? path : [...path, "url"];
  const target = readUrl(context, urlPath, options.url);
  if (target === undefined) return undefined;
  const endpoint = resolution.one(target.host, target.port);
  return {
    ...plainServer(name, target.host, endpoint?.port ?? target.port),
    ...(endpoint === undefined ? {} : { address: endpoint.address }),
    weight: options.weight ?? 1,
    maxConnections: options.maxConnections ?? 0,
    backup: options.backup ?? false,
    state: options.state ?? "enabled",
  };
}

function readUrl(context: Context, path: Path, text: string): { host: string; port: number } | undefined {
  const how = "write http://HOST:PORT, for example http://10.0.0.11:3000";
  const wrong = (reason: string) => {
    invalid(context, path, reason, how);
    return undefined;
  };
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/\\]/i.test(text) || !URL.canParse(text)) return wrong("which is not a URL");
  const url = new URL(text);
  if (url.protocol === "https:") {
    const what = "https to a server";
    context.problems.add("CONFIG_UNSUPPORTED", { what, how: "use http://" }, context.source.spot(path));
    return undefined;
  }
  if (url.protocol !== "http:") return wrong("which is not an http:// URL");
  if (url.username !== "" || url.password !== "") return wrong("which holds a user or a password");
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return wrong("which goes on after the port");
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (!isHost(host)) return wrong("whose host is no name or address");
  const port = url.port === "" ? 80 : Number(url.port);
  return port === 0 ? wrong("whose port is 0") : { host, port };
}
