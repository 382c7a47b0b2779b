/** What the engine needs to know of a request, whatever the framework. Adapters build one without copying. */
export interface SessionRequest {
  readonly method: string;
  /** One value; a repeated header is joined with ", " (Cookie with "; "). The name is given in lower case. */
  header(name: string): string | undefined;
  /** The peer of this connection, or undefined where the platform hides it. */
  readonly remoteAddress: string | undefined;
  /** Whether this hop came over TLS. What a trusted proxy says in forwarding headers is judged by the engine. */
  readonly encrypted: boolean;
}

/** What a response must carry because of its session, once its commit has settled. */
export interface ResponseFields {
  /** `Set-Cookie` values, in order; usually none. */
  readonly setCookies: readonly string[];
  /** The session was read: add `Cookie` to `Vary`, or what `vary` says. */
  readonly varyCookie: boolean;
  /** The request header that carries sessions. Absent: `Cookie`. */
  readonly vary?: string | undefined;
  /** Headers that give the client its half where no cookie does; each is set. Absent: none. */
  readonly headers?: readonly (readonly [name: string, value: string])[] | undefined;
  /** The client logged out, and no session has begun since: tell the balancer with `Sojourn-Affinity: end`. */
  readonly affinityEnd: boolean;
  /** Rendered without the session that its client has: `Cache-Control: no-store`, or it would be shown once more later. */
  readonly noStore: boolean;
}
