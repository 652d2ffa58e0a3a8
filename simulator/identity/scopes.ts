/** Reads the `scope` parameter by the rules of the platform: one resource per request, known names, `.default` alone. */
import type { Account, PracticeTenant, ScopeSet } from '../tenant.ts';
import { Refusal } from './answers.ts';

const OIDC_NAMES = ['openid', 'profile', 'email', 'offline_access'];
const OUTLOOK_PREFIXES = ['https://outlook.office.com/', 'https://outlook.office365.com/'];
const GRAPH_PREFIX = 'https://graph.microsoft.com/';
export const GRAPH_AUDIENCE = 'https://graph.microsoft.com';

const MAIL_NAMES = [
  'IMAP.AccessAsUser.All',
  'POP.AccessAsUser.All',
  'SMTP.Send',
  'Mail.Read',
  'Mail.ReadWrite',
  'Mail.Send',
];
const OUTLOOK_NAMES = [...MAIL_NAMES, 'EAS.AccessAsUser.All', 'EWS.AccessAsUser.All'];
const GRAPH_NAMES = [...MAIL_NAMES, 'User.Read', 'Mail.Send.Shared', 'Mail.ReadWrite.Shared', 'Mail.Read.Shared'];

// Everything else is on the exclusion list of the Microsoft-managed consent policy.
const USER_CONSENTABLE = ['SMTP.Send', 'Mail.Send', 'Mail.Send.Shared', 'User.Read'];

type Named = { resource: 'outlook' | 'graph'; audience: string; name: string };

/** Reads a scope parameter; throws a `Refusal` 28000, 70011, 500011 or 650053. */
export function readScopes(text: string, authority: string): ScopeSet {
  const oidc: string[] = [];
  const named: Named[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const scope = readScope(word, authority);
    if (typeof scope === 'string') oidc.push(scope);
    else named.push(scope);
  }
  const first = named[0];
  if (!first) return { resource: 'graph', audience: GRAPH_AUDIENCE, names: [], oidc };
  if (named.some((scope) => scope.resource !== first.resource)) throw new Refusal(28000);
  const names = [...new Set(named.map((scope) => scope.name))];
  if (names.includes('.default') && names.length > 1) {
    throw new Refusal(70011, { text: '.default scope cannot be combined with resource-specific scopes.' });
  }
  return { resource: first.resource, audience: first.audience, names, oidc };
}

/** The names that a token will carry: `.default` becomes everything consented on its resource. */
export function resolveNames(scopes: ScopeSet, consented: readonly string[]): string[] {
  if (!scopes.names.includes('.default')) return [...scopes.names];
  const known = scopes.resource === 'outlook' ? OUTLOOK_NAMES : GRAPH_NAMES;
  return consented.filter((name) => known.includes(name));
}

/** Names that nobody consented to yet; a `.default` without any consent misses itself. */
export function missingConsent(tenant: PracticeTenant, clientId: string, account: Account, scopes: ScopeSet): string[] {
  const consented = tenant.consentedNames(clientId, account);
  if (scopes.names.includes('.default')) return resolveNames(scopes, consented).length > 0 ? [] : ['.default'];
  return scopes.names.filter((name) => !consented.includes(name));
}

export function mayUserConsent(names: readonly string[]): boolean {
  return names.every((name) => USER_CONSENTABLE.includes(name));
}

export function scopeText(scopes: ScopeSet, names: readonly string[]): string {
  const granted = scopes.oidc.filter((name) => name !== 'offline_access');
  return [...names.map((name) => `${scopes.audience}/${name}`), ...granted].join(' ');
}

function readScope(word: string, authority: string): Named | string {
  const bare = word.toLowerCase().startsWith(GRAPH_PREFIX) ? word.slice(GRAPH_PREFIX.length) : word;
  if (OIDC_NAMES.includes(bare.toLowerCase())) return bare.toLowerCase();
  const outlook = OUTLOOK_PREFIXES.find((prefix) => word.toLowerCase().startsWith(prefix));
  if (outlook) {
    const name = knownName(word.slice(outlook.length), OUTLOOK_NAMES);
    return { resource: 'outlook', audience: outlook.slice(0, -1), name };
  }
  // The practice tenant serves Graph itself, so its own address names the same resource.
  const graph = [GRAPH_PREFIX, `${authority}/`].find((prefix) => word.toLowerCase().startsWith(prefix));
  if (graph)
    return { resource: 'graph', audience: GRAPH_AUDIENCE, name: knownName(word.slice(graph.length), GRAPH_NAMES) };
  if (/^https?:\/\/[^/]+\/./.test(word) || /^[0-9a-f-]{36}\/./.test(word)) throw new Refusal(500011);
  if (!/^[\w.-]+$/.test(word)) throw new Refusal(70011);
  return { resource: 'graph', audience: GRAPH_AUDIENCE, name: knownName(word, GRAPH_NAMES) };
}

function knownName(name: string, known: readonly string[]): string {
  const wanted = name.toLowerCase();
  const found = [...known, '.default'].find((candidate) => candidate.toLowerCase() === wanted);
  if (!found) throw new Refusal(650053);
  return found;
}
