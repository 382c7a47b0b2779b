import ProgressBar from "progress";
import type { Screen } from "./io.ts";

/** Shows how far long work has come. */
export interface Progress {
  add(count: number): void;
  /** Takes it off the screen. */
  end(): void;
}

const WIDTH = 40;

/**
 * @param screen undefined: nothing is drawn.
 * @param title what is being done, for example `ending sessions`
 * @param total undefined: nobody knows.
 */
export function showProgress(screen: Screen | undefined, title: string, total?: number): Progress {
  if (screen === undefined || total === 0) return { add: () => {}, end: () => {} };
  const format = total === undefined ? `${title}  :current` : `${title}  [:bar]  :current of :total`;
  const bar = new ProgressBar(format, {
    stream: screen,
    total: total ?? Number.POSITIVE_INFINITY,
    width: WIDTH,
    incomplete: " ",
    clear: true,
  });
  let done = 0;
  let ended = false;
  bar.render();
  const end = () => {
    if (!ended) bar.terminate();
    ended = true;
  };
  return {
    add(count) {
      // More may come than were counted before. At its total the bar goes by itself.
      done += count;
      if (ended) return;
      bar.tick(count);
      ended = total !== undefined && done >= total;
    },
    end,
  };
}
