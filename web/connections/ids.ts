/** Ids as people paste them: with blanks, braces and quotes, alone or inside any text. */
const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

export function isGuid(text: string): boolean {
  return new RegExp(`^${GUID.source}$`, 'i').test(text);
}

/** An id, or the domain of a tenant. */
export function isTenant(text: string): boolean {
  return isGuid(text) || /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,}$/i.test(text);
}

export function cleanId(text: string): string {
  return text.trim().replace(/^[{("'\s]+|[)}"'\s,;]+$/g, '');
}

/** The first id in a text. */
export function findOneId(text: string): string | undefined {
  return new RegExp(GUID.source, 'i').exec(text)?.[0].toLowerCase();
}

/** Both ids out of a text such as the output of a script; the one that is called tenant, else the second, is the tenant's. */
export function findIds(text: string): { readonly clientId: string; readonly tenantId: string } | undefined {
  const ids = [...new Set([...text.matchAll(GUID)].map(([id]) => id.toLowerCase()))];
  const [first, second] = ids;
  if (first === undefined || second === undefined) return undefined;
  const named = new RegExp(`tenant[^\\n]{0,40}?(${GUID.source})`, 'i').exec(text)?.[1]?.toLowerCase();
  const tenantId = named ?? second;
  const clientId = ids.find((id) => id !== tenantId) ?? first;
  return { clientId, tenantId };
}
