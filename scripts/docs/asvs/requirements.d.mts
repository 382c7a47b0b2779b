export interface Requirement {
  readonly number: string;
  readonly level: 1 | 2 | 3;
  readonly asks: string;
  readonly does: string;
  readonly sealed?: string;
  readonly sealedFails?: boolean;
  readonly yours: string;
}
export interface Section {
  readonly title: string;
  readonly requirements: readonly Requirement[];
}
export const EDITION: string;
export const SECTIONS: readonly Section[];
export const REQUIREMENTS: readonly Requirement[];
export function tagOf(number: string): string;
