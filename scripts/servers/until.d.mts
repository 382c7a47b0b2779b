export function until(ask: () => unknown): Promise<void>;
