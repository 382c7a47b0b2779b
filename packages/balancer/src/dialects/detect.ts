import type { Dialect } from "../config.ts";

/**
 * Which dialect a text is written in, by what only that dialect says. @returns undefined when nothing decides.
 * A manifest names its kind; NGINX opens blocks with `{` or ends lines with `;`; HAProxy begins lines with a section.
 */
export function detectDialect(text: string): Dialect | undefined {
  const lines = withoutComments(text);
  if (/^(?:apiVersion|kind)[ \t]*:/m.test(lines)) return "kubernetes";
  if (/^(?:pools|listen|routes|admin|keys|trustedProxies)[ \t]*:/m.test(lines)) return "sojourn";
  if (/^[ \t]*(?:http|events|upstream|server|stream)\b[^:;{}\n]*\{/m.test(lines)) return "nginx";
  if (/^[ \t]*(?:global|defaults|frontend|backend|listen)(?:[ \t]+[^:;{}\n]*)?[ \t]*$/m.test(lines)) return "haproxy";
  if (/^[ \t]*[a-z_]+[^:{}\n]*;[ \t]*$/m.test(lines)) return "nginx";
  if (/^[A-Za-z]+[ \t]*:/m.test(lines)) return "sojourn";
  return undefined;
}

function withoutComments(text: string): string {
  return text
    .slice(0, 100_000)
    .replace(/#[^\n]*/g, "")
    .replaceAll("\r", "");
}
