/** Where Microsoft 365 is reached in each cloud, and which permissions each use needs. */
import { SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Cloud, CloudEndpoint, Settings } from '../base/settings.ts';
import { discoverTenant, isSharedTenant } from '../protocols/oauth/discovery.ts';
import type { Call } from '../protocols/oauth/https.ts';
import type { Context } from '../store/database.ts';
import type { Use } from '../store/schema.ts';

export const USES: readonly Use[] = ['imap', 'pop3', 'smtp'];

const tls = (host: string, port: number): CloudEndpoint => ({ host, port, security: 'tls' });
const submission = (host: string): CloudEndpoint => ({ host, port: 587, security: 'starttls' });

/** The clouds that Microsoft runs; each needs a registration of its own. Further ones come from PLATEN_CLOUDS_FILE. */
const BUILT_IN: ReadonlyMap<string, Cloud> = new Map([
  [
    'worldwide',
    {
      authority: 'https://login.microsoftonline.com',
      scopePrefix: 'https://outlook.office.com/',
      graph: 'https://graph.microsoft.com',
      imap: tls('outlook.office365.com', 993),
      pop3: tls('outlook.office365.com', 995),
      smtp: submission('smtp.office365.com'),
    },
  ],
  [
    'us-gcc-high',
    {
      authority: 'https://login.microsoftonline.us',
      scopePrefix: 'https://outlook.office365.us/',
      graph: 'https://graph.microsoft.us',
      imap: tls('outlook.office365.us', 993),
      pop3: tls('outlook.office365.us', 995),
      smtp: submission('smtp.office365.us'),
    },
  ],
  [
    'us-dod',
    {
      authority: 'https://login.microsoftonline.us',
      scopePrefix: 'https://outlook-dod.office365.us/',
      graph: 'https://dod-graph.microsoft.us',
      imap: tls('outlook-dod.office365.us', 993),
      pop3: tls('outlook-dod.office365.us', 995),
      smtp: submission('outlook-dod.office365.us'),
    },
  ],
  [
    'china',
    {
      authority: 'https://login.partner.microsoftonline.cn',
      scopePrefix: 'https://partner.outlook.cn/',
      graph: 'https://microsoftgraph.chinacloudapi.cn',
      imap: tls('partner.outlook.cn', 993),
      pop3: tls('partner.outlook.cn', 995),
      smtp: submission('smtp.partner.outlook.cn'),
    },
  ],
]);

export const DEFAULT_CLOUD = 'worldwide';

/** Throws `unknown-cloud` when neither Microsoft nor the clouds file has it. */
export function getCloud(settings: Settings, name: string): Cloud {
  const cloud = BUILT_IN.get(name) ?? (Object.hasOwn(settings.clouds, name) ? settings.clouds[name] : undefined);
  if (cloud !== undefined) return cloud;
  const known = [...BUILT_IN.keys(), ...Object.keys(settings.clouds)].join(', ');
  throw new PlatenError('unknown-cloud', `there is no cloud named ${name}; known are ${known}`, {
    values: { cloud: name, known },
  });
}

/** The names of all clouds of this installation; those of its own file first, because it has them for a reason. */
export function listClouds(settings: Settings): string[] {
  return [...Object.keys(settings.clouds), ...BUILT_IN.keys()];
}

type FoundTenant = {
  readonly exists: boolean;
  readonly tenantId: string | undefined;
  /** Where it is, if not in the cloud that was asked. */
  readonly otherCloud: string | undefined;
};

/**
 * Asks Microsoft whether a tenant exists, and where it does not, whether it lives in another cloud: then AADSTS90002 or
 * 90038 is all that the cloud itself would say. Throws `unknown-cloud` and `identity-unreachable`.
 */
export async function findTenant(
  context: Context,
  asked: { readonly tenant: string; readonly cloud: string },
): Promise<FoundTenant> {
  const { authority } = getCloud(context.settings, asked.cloud);
  const found = await discoverTenant({ authority, tenant: asked.tenant }, identityCall(context));
  if (found.kind === 'found') return { exists: true, tenantId: found.tenantId, otherCloud: undefined };
  if (found.kind === 'refused') {
    return { exists: false, tenantId: undefined, otherCloud: await findOtherCloud(context, asked.tenant, authority) };
  }
  throw new PlatenError('identity-unreachable', `Microsoft could not be asked: ${found.words}`, {
    remote: found.words,
  });
}

/** A form waits for this: a cloud that does not answer soon is not the one. */
const OTHER_CLOUDS_MS = 5 * SECOND_MS;

/** The first cloud whose identity platform knows the tenant; clouds that share one with that which was asked are none. */
async function findOtherCloud(context: Context, tenant: string, asked: string): Promise<string | undefined> {
  if (isSharedTenant(tenant)) return undefined;
  const byAuthority = new Map<string, string>();
  for (const name of listClouds(context.settings)) {
    const { authority } = getCloud(context.settings, name);
    if (authority !== asked && !byAuthority.has(authority)) byAuthority.set(authority, name);
  }
  const plain = identityCall(context);
  const call = { ...plain, transport: { ...plain.transport, timeoutMs: OTHER_CLOUDS_MS } };
  const looks = [...byAuthority].map(async ([authority, name]) => {
    const found = await discoverTenant({ authority, tenant }, call);
    return found.kind === 'found' ? name : undefined;
  });
  return (await Promise.all(looks)).find((name) => name !== undefined);
}

const PERMISSIONS: Readonly<Record<Use, string>> = {
  imap: 'IMAP.AccessAsUser.All',
  pop3: 'POP.AccessAsUser.All',
  smtp: 'SMTP.Send',
};

/** The permission that a use needs, as it stands in the registration. */
export function permissionOf(use: Use): string {
  return PERMISSIONS[use];
}

/** Who signed in, and leave to stay signed in: asked for every time. */
const SIGN_IN_SCOPES = ['openid', 'profile', 'offline_access'] as const;

/** The scopes for the named uses: all of one resource, because Entra refuses two in one request (AADSTS28000). */
export function scopesFor(cloud: Cloud, uses: readonly Use[]): string[] {
  const mail = USES.filter((use) => uses.includes(use)).map((use) => `${cloud.scopePrefix}${PERMISSIONS[use]}`);
  return [...SIGN_IN_SCOPES, ...mail];
}

/** The scope that lets an account read its own addresses from Graph; a request of its own, another resource. */
export function profileScopes(cloud: Cloud): string[] {
  return [...SIGN_IN_SCOPES, `${cloud.graph}/User.Read`];
}

/**
 * Of the scopes that were asked, those that were granted. Entra may answer with another prefix of the same resource
 * or with the bare permission, so mail permissions are compared by their last part.
 */
export function keepGranted(asked: readonly string[], granted: readonly string[]): string[] {
  const lastPart = (scope: string) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();
  const parts = new Set(granted.map(lastPart));
  const signIn: readonly string[] = SIGN_IN_SCOPES;
  return asked.filter((scope) => signIn.includes(scope) || parts.has(lastPart(scope)));
}

/** Which uses a set of scopes permits. */
export function usesOf(scopes: readonly string[]): Use[] {
  return USES.filter((use) => scopes.some((scope) => scope.endsWith(`/${PERMISSIONS[use]}`)));
}

/** How the identity platform is called in this installation: proxy, time, and the signal that ends the wait. */
export function identityCall(context: Context, signal?: AbortSignal): Call {
  const { httpsProxy, noProxy } = context.settings;
  return {
    transport: {
      ...(httpsProxy === undefined ? {} : { httpsProxy }),
      ...(noProxy === undefined ? {} : { noProxy }),
    },
    now: context.clock.now(),
    ...(signal === undefined ? {} : { signal }),
  };
}
