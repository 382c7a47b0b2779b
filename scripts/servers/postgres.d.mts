export interface LaunchedPostgres {
  readonly port: number;
  /** Of the database `postgres`, as a superuser without a password. */
  readonly url: string;
  /** The last lines of its log. */
  output(): string;
  /** Stops all its processes where they stand (SIGSTOP), until `resume`. */
  pause(): void;
  resume(): void;
  /** Cuts every connection and ends without a checkpoint; `start` recovers what was committed. */
  crash(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}
/** @param settings of postgresql.conf */
export function launchPostgres(settings?: Readonly<Record<string, string>>): Promise<LaunchedPostgres>;
/** A hot standby of the server on the port `primary`. @param settings of postgresql.conf */
export function launchStandby(primary: number, settings?: Readonly<Record<string, string>>): Promise<LaunchedPostgres>;
