/** The sources that the house rules look at. */
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export type Source = {
  readonly path: string;
  readonly text: string;
  readonly isTest: boolean;
  /** Paths inside the project that it imports, from the root; and names of packages. */
  readonly imports: readonly string[];
  /** The same without those that only name types: they vanish before the program runs. */
  readonly valueImports: readonly string[];
};

const IMPORT = /^\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|^\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;

export async function readSources(pattern: string): Promise<Source[]> {
  const sources: Source[] = [];
  for await (const path of glob(pattern, { cwd: ROOT })) {
    const text = readFileSync(join(ROOT, path), 'utf8');
    const found = [...text.matchAll(IMPORT)].map((match) => {
      const target = match[1] ?? match[2] ?? match[3] ?? '';
      const isType = /^\s*(?:import|export)\s+type\b/.test(match[0]);
      return { isType, target: target.startsWith('.') ? normalize(join(dirname(path), target)) : target };
    });
    const imports = found.map(({ target }) => target);
    const valueImports = found.filter(({ isType }) => !isType).map(({ target }) => target);
    sources.push({ path, text, isTest: /\.test\.tsx?$/.test(path), imports, valueImports });
  }
  return sources.sort((left, right) => left.path.localeCompare(right.path));
}

/** `server/jobs/feed.ts` → `jobs`; files directly in `server/` have none. */
export function roomOf(path: string): string | undefined {
  return /^server\/([^/]+)\//.exec(path)?.[1];
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}
