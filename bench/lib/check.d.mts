export function check(name: string, port: number): Promise<void>;
