/** Which Platen this is. */
import { readFileSync } from 'node:fs';

/** As package.json says it, of this copy of the files. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
