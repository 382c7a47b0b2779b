import { BROWSERS, SYSTEMS } from "../record/device.ts";

/** Kinds of browser and system: places in BROWSERS and SYSTEMS. */
export interface Agent {
  readonly browser: number;
  readonly system: number;
}

type Row<Names extends readonly string[]> = readonly [name: Names[number], words: RegExp];

/** The first row that fits decides: browsers name the ones they descend from as well, so descendants come first. */
const BROWSER_ROWS: readonly Row<typeof BROWSERS>[] = [
  ["a program", /^(?:curl|Wget|python|Go-http|okhttp|axios|node|undici|Java|libwww|PostmanRuntime|HTTPie)/i],
  ["Samsung Internet", /SamsungBrowser\//],
  ["Yandex", /YaBrowser\//],
  ["Vivaldi", /Vivaldi\//],
  ["Opera", /OPR\/|OPiOS\/|OPT\/|Opera[ /]/],
  ["Edge", /Edg(?:e|A|iOS)?\//],
  ["Internet Explorer", /Trident\/|MSIE /],
  ["Firefox", /Firefox\/|FxiOS\//],
  ["Chrome", /Chrome\/|CriOS\/|Chromium\//],
  ["Safari", /Safari\/|AppleWebKit\//],
];

const SYSTEM_ROWS: readonly Row<typeof SYSTEMS>[] = [
  ["Android", /Android/],
  ["iOS", /iPhone|iPad|iPod/],
  ["Windows", /Windows/],
  ["ChromeOS", /CrOS/],
  ["macOS", /Macintosh|Mac OS X/],
  ["Linux", /Linux|X11/],
];

/** Browser and system family of a `User-Agent`, never their versions: an update must not look like another device. */
export function agentOf(userAgent: string): Agent {
  const text = userAgent.slice(0, 512);
  if (text.trim() === "") return { browser: BROWSERS.indexOf("none"), system: SYSTEMS.indexOf("none") };
  const browser = BROWSER_ROWS.find(([, words]) => words.test(text))?.[0] ?? "other";
  const system = SYSTEM_ROWS.find(([, words]) => words.test(text))?.[0] ?? "other";
  return { browser: BROWSERS.indexOf(browser), system: SYSTEMS.indexOf(system) };
}
