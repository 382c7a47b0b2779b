export function reach(
  modules: string,
  specifier: string,
  conditions: readonly string[],
  isOwn: (name: string) => boolean,
): { readonly files: string[]; readonly outside: Map<string, string> };
export function exportedFiles(manifest: { readonly exports?: unknown }): Record<string, string[]>;
