/** Asks a server to end, and to read its file again. */
export interface ServerSignals {
  /** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once. */
  readonly end: Promise<void>;
  /** Calls `task` at every SIGHUP. */
  onReload(task: () => void): void;
}

export function listenForSignals(): ServerSignals {
  let asked = false;
  const end = new Promise<void>((resolve) => {
    const ask = () => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on("SIGINT", ask);
    process.on("SIGTERM", ask);
  });
  return { end, onReload: (task) => void process.on("SIGHUP", task) };
}
