/** Reads the two ids out of whatever a script or a person printed: JSON, a table, a mail, with quotes and braces. */
import { KNOWN_IDS } from './kit.ts';

export type ReadIds = {
  readonly clientId: string;
  readonly tenantId: string;
  /** False when nothing said which is which: then the first one is taken for the application. */
  readonly isNamed: boolean;
};

const GUID = /(?<![0-9a-f-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f-])/gi;
/** What stands between a name and its id: quotes, colons, a few words, never another id. */
const NEAR = 60;
const CLIENT = /(client|app(lication)?)\W{0,3}\(?\w*\)?\W{0,3}id|\bappid\b|\bclientid\b/i;
const TENANT = /tenant|directory/i;
const MAX_CHARACTERS = 64 * 1024;

/** The two ids; undefined when there are not two different ones. Never throws. */
export function readIds(text: string): ReadIds | undefined {
  const found = [...text.slice(0, MAX_CHARACTERS).matchAll(GUID)]
    .map((match) => ({ id: match[0].toLowerCase(), at: match.index }))
    .filter(({ id }) => !KNOWN_IDS.has(id));
  const named = found.map((one, index) => {
    const from = Math.max(one.at - NEAR, index === 0 ? 0 : (found[index - 1]?.at ?? 0) + 36);
    return { ...one, name: nameBefore(text.slice(from, one.at)) };
  });
  const client = named.find(({ name }) => name === 'client');
  const tenant = named.find(({ name, id }) => name === 'tenant' && id !== client?.id);
  if (client !== undefined && tenant !== undefined) return { clientId: client.id, tenantId: tenant.id, isNamed: true };
  const [first, second, ...more] = [...new Set(found.map(({ id }) => id))];
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  if (client !== undefined)
    return { clientId: client.id, tenantId: client.id === first ? second : first, isNamed: true };
  if (tenant !== undefined)
    return { clientId: tenant.id === first ? second : first, tenantId: tenant.id, isNamed: true };
  return { clientId: first, tenantId: second, isNamed: false };
}

/** The name that stands last before an id counts. */
function nameBefore(text: string): 'client' | 'tenant' | undefined {
  const at = (pattern: RegExp) => [...text.matchAll(new RegExp(pattern, 'gi'))].at(-1)?.index ?? -1;
  const [client, tenant] = [at(CLIENT), at(TENANT)];
  if (client < 0 && tenant < 0) return undefined;
  return client > tenant ? 'client' : 'tenant';
}
