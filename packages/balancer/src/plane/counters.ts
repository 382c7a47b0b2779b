/** Plain numbers, read when scraped. All but those of the first group only grow. */
export class PlaneCounters {
  /** Now: client connections, requests in flight (tunnels included), tunnels, server connections, idle ones among them. */
  clients = 0;
  inFlight = 0;
  tunnels = 0;
  serverConnections = 0;
  serverIdle = 0;

  clientsTotal = 0;
  requestsTotal = 0;
  /** Final responses to clients by the first digit of their status; index 0 is unused. */
  readonly responsesByClass: number[] = [0, 0, 0, 0, 0, 0];
  /** Requests that broke the protocol or a limit. */
  refusedTotal = 0;
  /** Attempts after the first one of a request. */
  retriesTotal = 0;
  /** Kept connections that turned out closed when used. */
  staleTotal = 0;
  serverConnectsTotal = 0;
  serverReusesTotal = 0;
  connectFailuresTotal = 0;
  /** Server connections that died or timed out with a request on them. */
  serverFailuresTotal = 0;
  clientAbortsTotal = 0;
  tunnelsTotal = 0;
}
