/** The environment's variables, on runtimes that have Node's `process`. Elsewhere import what the platform offers. */
export const env: { readonly SOJOURN_KEYS?: string | undefined } =
  (globalThis as { process?: { env: { SOJOURN_KEYS?: string } } }).process?.env ?? {};
