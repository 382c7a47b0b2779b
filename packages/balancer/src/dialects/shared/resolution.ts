import { SojournError } from "@sojourn/core";
import { isHost, parseEndpoint, parseHostPort } from "./address.ts";
import { didYouMean } from "./suggest.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Where names lead, as `--resolve` says; what it does not name is left to DNS. */
export interface Resolution {
  /** Every address given for this server, in the order given; empty when none was. */
  of(host: string, port: number): readonly Endpoint[];
  /**
   * The one address given for this server, or undefined.
   * @throws RESOLVE_INVALID when several were: only NGINX makes several servers of one name.
   */
  one(host: string, port: number): Endpoint | undefined;
  /** @throws RESOLVE_INVALID for an entry that no server asked for: it is a slip that would go unseen. */
  checkAllUsed(): void;
}

interface Entry {
  readonly text: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly to: Endpoint;
  used: boolean;
}

/** @throws RESOLVE_INVALID */
export function createResolution(texts: readonly string[] = []): Resolution {
  const entries = texts.map(parseEntry);
  const asked = new Set<string>();
  const find = (host: string, port: number): readonly Entry[] => {
    const name = host.toLowerCase();
    asked.add(host);
    const found = entries.filter((e) => e.host === name && (e.port === undefined || e.port === port));
    for (const entry of found) entry.used = true;
    return found;
  };
  return {
    of: (host, port) => find(host, port).map((entry) => entry.to),
    one(host, port) {
      const [first, second] = find(host, port);
      if (second !== undefined) {
        const reason = `it is a second address of ${host}, which is one server here`;
        throw new SojournError("RESOLVE_INVALID", { value: second.text, reason });
      }
      return first?.to;
    },
    checkAllUsed() {
      const idle = entries.find((entry) => !entry.used);
      if (idle === undefined) return;
      const names = [...asked].join(", ") || "none";
      const hint = didYouMean(idle.host, asked, `the servers are ${names}`);
      throw new SojournError("RESOLVE_INVALID", { value: idle.text, reason: `no server has this address; ${hint}` });
    },
  };
}

function parseEntry(text: string): Entry {
  const refuse = (reason: string) => new SojournError("RESOLVE_INVALID", { value: JSON.stringify(text), reason });
  const equals = text.indexOf("=");
  if (equals === -1) throw refuse("it has no =");
  const from = parseHostPort(text.slice(0, equals).trim());
  if (from === undefined || !isHost(from.host)) throw refuse("what stands before = is no host name or IP address");
  const to = parseEndpoint(text.slice(equals + 1).trim());
  if (to === undefined) throw refuse("what stands after = is no IP address with a port");
  const host = from.host.toLowerCase();
  return { text, host, port: from.port, to: { address: to.host, port: to.port }, used: false };
}
