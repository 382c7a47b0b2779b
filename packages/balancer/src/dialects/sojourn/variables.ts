import type { Expand } from "../shared/yaml-source.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** `${NAME}` anywhere in a text. What stands in the environment is taken as it is and never expanded again. */
export function expander(env: Environment): Expand {
  return (text, at, problems) => {
    let whole = true;
    const expanded = text.replace(/\$\{([^}]*)\}?/g, (written, name: string) => {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || !written.endsWith("}")) {
        // Only the beginning: what follows a brace that does not close may be a key.
        const reason = `${/^\$\{\w{0,40}/.exec(written)?.[0]}… is not a variable`;
        problems.add("CONFIG_SYNTAX", { reason, how: `write \${NAME} with letters, digits and _` }, at);
        whole = false;
        return "";
      }
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (value === undefined) {
        const hint = name === "SOJOURN_KEYS" ? " (npx sojourn keygen makes a key)" : "";
        problems.add("CONFIG_VARIABLE_UNDEFINED", { name, hint }, at);
        whole = false;
      }
      return value ?? "";
    });
    return whole ? expanded : undefined;
  };
}
