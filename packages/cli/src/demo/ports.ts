import { type AddressInfo, createServer } from "node:net";
import { SojournError } from "@sojourn/core";

const HOST = "127.0.0.1";
const TRIES = 100;

/** A port that nothing listens on at this moment. */
export function anyFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/** The first free port from `from` on, leaving out `taken`. @throws NO_FREE_PORT */
export async function freePortFrom(from: number, taken: ReadonlySet<number>): Promise<number> {
  const to = Math.min(from + TRIES, 65_535);
  for (let port = from; port <= to; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new SojournError("NO_FREE_PORT", { from, to, host: HOST });
}

/** Whether something could listen there right now. 0 always can. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, HOST, () => probe.close(() => resolve(true)));
  });
}
