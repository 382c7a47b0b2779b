import { createClient } from "redis";
import { onTestFinished } from "vitest";

/** What a server was sent since the last look. */
export interface Sent {
  /** Names of commands, in the order in which they were carried out. */
  readonly names: readonly string[];
  /** The same with their arguments. */
  readonly full: readonly (readonly string[])[];
  /** Names of those that scripts called. */
  readonly byScripts: readonly string[];
}

/** MONITOR, until the test ends. */
export async function monitor(url: string): Promise<() => Promise<Sent>> {
  const watching = createClient({ url });
  const marking = createClient({ url });
  let full: string[][] = [];
  let byScripts: string[] = [];
  let marks = 0;
  let marked = (_: string) => {};
  await Promise.all([watching.connect(), marking.connect()]);
  onTestFinished(() => {
    watching.destroy();
    marking.destroy();
  });
  await watching.monitor((line) => {
    const parts = [...String(line).matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, part = ""]) => part);
    const [name = "", mark = ""] = parts;
    if (name === "ECHO") marked(mark);
    else if (/\[\d+ lua\]/.test(String(line))) byScripts.push(name.toUpperCase());
    else full.push([name.toUpperCase(), ...parts.slice(1)]);
  });
  return async () => {
    marks += 1;
    const own = `mark ${marks}`;
    const seen = new Promise<void>((resolve) => {
      marked = (mark) => {
        if (mark === own) resolve();
      };
    });
    await marking.echo(own);
    await seen;
    const sent = { full, byScripts, names: full.map(([name = ""]) => name) };
    full = [];
    byScripts = [];
    return sent;
  };
}
