import type { Clock } from "@sojourn/core";
import { createFakeRandom, createFakeRuntime } from "@sojourn/core/testing";
import { type AnyStore, type CarriedOptions, createSessions, type SessionEvent, type Sessions } from "@sojourn/session";
import { type JsonWebTokenOptions, jsonWebToken } from "@sojourn/session/carriers/jwt";
import { KEY_A, type Shop } from "../engine/support.ts";

/** Made for these tests and used nowhere else. */
export const P256 = {
  kid: "p256",
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
};
/** RFC 8037, appendix A. */
export const ED25519 = {
  kid: "ed",
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
};

export const ALGORITHMS = [
  { algorithm: "HS256" },
  { algorithm: "A256GCM" },
  { algorithm: "ES256", signingKeys: [P256] },
  { algorithm: "EdDSA", signingKeys: [ED25519] },
] as const;

export const ISSUER = "https://shop.example.com";

export type JwtGiven = Partial<JsonWebTokenOptions>;

/** Servers that share keys and a clock. */
export function createJwtWorld(
  given: JwtGiven = {},
  options: Partial<Omit<CarriedOptions, "carrier">> = {},
  storeOf?: (clock: Clock) => AnyStore,
) {
  const runtime = createFakeRuntime();
  const store = storeOf?.(runtime.clock);
  const events: SessionEvent[] = [];
  let servers = 0;
  function server(more: JwtGiven = {}, own: Partial<Omit<CarriedOptions, "carrier">> = {}): Sessions<Shop> {
    const carrier = jsonWebToken({
      issuer: ISSUER,
      audience: "shop",
      algorithm: "HS256",
      revocation: store ?? "none",
      header: true,
      ...given,
      ...more,
    });
    return createSessions<Shop>({
      carrier,
      keys: KEY_A,
      env: {},
      onEvent: (event) => void events.push(event),
      ...options,
      ...own,
      runtime: { ...runtime, random: createFakeRandom(++servers), ...own.runtime },
    });
  }
  return { runtime, events, server, sessions: server(), types: () => events.map(({ type }) => type) };
}

/** What a client of the header holds. */
export interface Tokens {
  readonly token: string;
  readonly refresh?: string;
}

export function send(sessions: Sessions<Shop>, { token, refresh }: Partial<Tokens>) {
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(refresh === undefined ? {} : { "Refresh-Token": refresh }),
  };
  return sessions.load(new Request("https://shop.example.com", { headers }));
}

/** What the response of `session` gives; undefined where it gives none. */
export async function given(
  sessions: Sessions<Shop>,
  session: Awaited<ReturnType<typeof send>>,
): Promise<Tokens | undefined> {
  const { headers } = await sessions.commit(session);
  if (headers === undefined) return undefined;
  const found = Object.fromEntries(headers);
  const { "Session-Token": token = "", "Refresh-Token": refresh } = found;
  return { token, ...(refresh === undefined ? {} : { refresh }) };
}

export async function login(sessions: Sessions<Shop>, user = "ada"): Promise<Tokens> {
  const session = await send(sessions, {});
  await session.login(user);
  const tokens = await given(sessions, session);
  if (tokens === undefined) throw new Error("a login gives tokens");
  return tokens;
}

export const userOf = async (sessions: Sessions<Shop>, tokens: Partial<Tokens>) =>
  (await send(sessions, tokens)).userId;

export type { AnyStore };
