export interface Doc {
  /** One paragraph; "" without a doc comment. */
  readonly text: string;
  /** What follows `@default`. */
  readonly fallback: string | undefined;
}
export interface Member extends Doc {
  readonly name: string;
  readonly type: string;
  readonly reference: string | undefined;
  readonly optional: boolean;
  readonly members: readonly Member[] | undefined;
}
export function readDocs(
  file: string,
  source: string,
): {
  readonly interfaces: Map<string, Doc & { readonly members: readonly Member[] }>;
  readonly types: Map<string, Doc>;
};
