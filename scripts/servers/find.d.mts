export type ServerName = "nginx" | "haproxy" | "chromium";
export const SERVERS: Readonly<Record<ServerName, { readonly binaries: readonly string[]; readonly debian: string }>>;
export function findServer(name: ServerName): string | undefined;
export function missingServers(): ServerName[];
