export type ServerName = "nginx" | "haproxy" | "chromium" | "postgres" | "pgbouncer" | "redis" | "faketime";
export const SERVERS: Readonly<Record<ServerName, { readonly binaries: readonly string[]; readonly debian: string }>>;
export interface Where {
  readonly path?: string;
  readonly also?: readonly string[] | undefined;
}

export function findServer(name: ServerName, where?: Where): string | undefined;
export function missingServers(where?: Where): ServerName[];
