export interface Launched {
  readonly port: number;
  readonly url: string;
  /** Of the guard; the server and its workers are its process group's children. */
  readonly pid: number;
  /** The last lines it wrote to standard error. */
  output(): string;
  /** Kills it with all its workers and removes its files. */
  stop(): Promise<void>;
}
export interface Checked {
  readonly ok: boolean;
  readonly output: string;
}
export function freePort(): Promise<number>;
export function launchNginx(http: (port: number) => string, options?: { readonly workers?: number }): Promise<Launched>;
export function launchHaproxy(conf: (port: number) => string): Promise<Launched>;
/** @param server the port of a PostgreSQL that this project started. @param settings of pgbouncer.ini */
export function launchPgbouncer(server: number, settings?: Readonly<Record<string, string>>): Promise<Launched>;
export const POSTGRES_USER: string;
export function checkNginx(http: string): Checked;
export function checkHaproxy(conf: string): Checked;
export function listening(port: number, exited?: Promise<unknown>): Promise<void>;
