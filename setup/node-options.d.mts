export const NODE_OPTIONS: readonly string[];
export function nodeEnvironment(root: string): { readonly NODE_COMPILE_CACHE: string };
