/**
 * The registration kit: everything that an administrator needs to register Platen with Microsoft, made for the uses that
 * were chosen and no more. Pure: nothing is asked or kept. Scripts quote every name, so that a title is never a command.
 */
import type { Cloud } from '../../base/settings.ts';
import { quote } from '../../protocols/microsoft/commands.ts';
import type { Use } from '../../store/schema.ts';
import { permissionOf } from '../exchange-online.ts';
import { pasteRedirect } from '../link/link-login.ts';

export type KitWish = {
  readonly name: string;
  readonly uses: readonly Use[];
  /** `single`: only the own company may sign in, which needs no verified publisher. */
  readonly audience: 'single' | 'multiple';
  readonly cloudName: string;
  readonly cloud: Cloud;
  /** Also switch SMTP AUTH on for this mailbox. */
  readonly mailbox?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
};

export const GRAPH_APP_ID = '00000003-0000-0000-c000-000000000000';

/** Delegated permissions of Microsoft Graph by their ids; least rights: the ones always needed, and one per use. */
const PERMISSION_IDS: Readonly<Record<string, string>> = {
  'User.Read': 'e1fe6dd8-ba31-4d61-89e7-88639da4683d',
  offline_access: '7427e0e9-2fba-42fe-b0c0-848c9e6a8182',
  openid: '37f7f235-527c-4136-accd-4a02d197296e',
  profile: '14dad69e-099b-42c9-810b-d002981feec1',
  'IMAP.AccessAsUser.All': '652390e4-393a-48de-9484-05f9b1212954',
  'POP.AccessAsUser.All': 'd7b7f2d9-0f45-4ea1-9d42-e50810c06991',
  'SMTP.Send': '258f6531-6087-4cc4-bb90-092c5fb3ed3f',
};
const ALWAYS = ['User.Read', 'offline_access', 'openid', 'profile'];

/** Ids that stand in every script and are no client id. */
export const KNOWN_IDS: ReadonlySet<string> = new Set([GRAPH_APP_ID, ...Object.values(PERMISSION_IDS)]);

export function permissionsFor(uses: readonly Use[]): { readonly name: string; readonly id: string }[] {
  return [...ALWAYS, ...uses.map(permissionOf)].map((name) => ({ name, id: PERMISSION_IDS[name] ?? '' }));
}

function requiredAccess(uses: readonly Use[]) {
  const resourceAccess = permissionsFor(uses).map(({ id }) => ({ id, type: 'Scope' }));
  return [{ resourceAppId: GRAPH_APP_ID, resourceAccess }];
}

function redirects({ cloud }: KitWish): string[] {
  return [pasteRedirect(cloud.authority), 'http://localhost'];
}

function audienceOf({ audience }: KitWish): string {
  return audience === 'single' ? 'AzureADMyOrg' : 'AzureADMultipleOrgs';
}

/** The manifest in the form of Microsoft Graph, which the portal takes since January 2025; also the body of the request. */
export function newManifest(wish: KitWish) {
  return {
    displayName: wish.name,
    signInAudience: audienceOf(wish),
    isFallbackPublicClient: true,
    publicClient: { redirectUris: redirects(wish) },
    requiredResourceAccess: requiredAccess(wish.uses),
  };
}

/** The manifest in the form of Azure AD Graph, for portals and guides that still show it. */
export function oldManifest(wish: KitWish) {
  return {
    name: wish.name,
    signInAudience: audienceOf(wish),
    allowPublicClient: true,
    replyUrlsWithType: redirects(wish).map((url) => ({ url, type: 'InstalledClient' })),
    requiredResourceAccess: requiredAccess(wish.uses),
  };
}

function scopeNames(wish: KitWish): string {
  return permissionsFor(wish.uses)
    .map(({ name }) => name)
    .join(' ');
}

export type GraphRequest = { readonly method: 'GET' | 'POST'; readonly url: string; readonly body?: unknown };

/** The four requests to Microsoft Graph; what one answers and the next one needs stands in angle brackets. */
export function graphRequests(wish: KitWish): GraphRequest[] {
  const base = `${wish.cloud.graph}/v1.0`;
  return [
    { method: 'POST', url: `${base}/applications`, body: newManifest(wish) },
    { method: 'POST', url: `${base}/servicePrincipals`, body: { appId: wish.clientId ?? '<appId>' } },
    { method: 'GET', url: `${base}/servicePrincipals(appId='${GRAPH_APP_ID}')?$select=id` },
    {
      method: 'POST',
      url: `${base}/oauth2PermissionGrants`,
      body: {
        clientId: '<id of the new service principal>',
        consentType: 'AllPrincipals',
        resourceId: '<id of the service principal of Microsoft Graph>',
        scope: scopeNames(wish),
      },
    },
  ];
}

/** The name of a cloud in the Azure CLI and in Microsoft Graph PowerShell; Cloud Shell of a cloud is signed in to its own. */
const CLOUD_NAMES: Readonly<Record<string, readonly [az: string, graph: string]>> = {
  'us-gcc-high': ['AzureUSGovernment', 'USGov'],
  'us-dod': ['AzureUSGovernment', 'USGovDoD'],
  china: ['AzureChinaCloud', 'China'],
};

/** Bash’s single quotes: nothing inside is expanded. */
function bash(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** For the Azure CLI in a Bash of Cloud Shell. Prints the two ids as JSON at its end. */
export function azureCliScript(wish: KitWish): string {
  const names = CLOUD_NAMES[wish.cloudName];
  const grants = `${wish.cloud.graph}/v1.0/oauth2PermissionGrants`;
  const uris = redirects(wish).map(bash).join(' ');
  return [
    ...(names === undefined ? [] : [`az cloud set --name ${names[0]}`]),
    `app=$(az ad app create --display-name ${bash(wish.name)} \\`,
    `  --sign-in-audience ${audienceOf(wish)} --is-fallback-public-client true \\`,
    `  --public-client-redirect-uris ${uris} \\`,
    `  --required-resource-accesses ${bash(JSON.stringify(requiredAccess(wish.uses)))} \\`,
    '  --query appId --output tsv) &&',
    'principal=$(az ad sp create --id "$app" --query id --output tsv) &&',
    `graph=$(az ad sp show --id ${GRAPH_APP_ID} --query id --output tsv) &&`,
    `az rest --method POST --url ${bash(grants)} --headers Content-Type=application/json --output none \\`,
    `  --body '{"clientId":"'"$principal"'","consentType":"AllPrincipals","resourceId":"'"$graph"'","scope":"${scopeNames(wish)}"}' &&`,
    `echo "{\\"clientId\\": \\"$app\\", \\"tenantId\\": \\"$(az account show --query tenantId --output tsv)\\"}"`,
    '',
  ].join('\n');
}

/** For Microsoft Graph PowerShell. Checked by its shape only, which the documents say. */
export function powershellScript(wish: KitWish): string {
  const names = CLOUD_NAMES[wish.cloudName];
  const environment = names === undefined ? '' : ` -Environment ${names[1]}`;
  const access = permissionsFor(wish.uses).map(({ id }) => `    @{ Id = '${id}'; Type = 'Scope' }`);
  const uris = redirects(wish).map(quote).join(', ');
  return [
    `Connect-MgGraph -Scopes Application.ReadWrite.All,DelegatedPermissionGrant.ReadWrite.All${environment}`,
    `$app = New-MgApplication -DisplayName ${quote(wish.name)} -SignInAudience ${audienceOf(wish)} -IsFallbackPublicClient:$true \``,
    `  -PublicClient @{ RedirectUris = @(${uris}) } \``,
    `  -RequiredResourceAccess @(@{ ResourceAppId = '${GRAPH_APP_ID}'; ResourceAccess = @(`,
    `${access.join('\n')}`,
    '  ) })',
    '$principal = New-MgServicePrincipal -AppId $app.AppId',
    `$graph = Get-MgServicePrincipal -Filter "appId eq '${GRAPH_APP_ID}'"`,
    'New-MgOauth2PermissionGrant -ClientId $principal.Id -ResourceId $graph.Id -ConsentType AllPrincipals `',
    `  -Scope '${scopeNames(wish)}' | Out-Null`,
    ...exchangeLines(wish),
    '@{ clientId = $app.AppId; tenantId = (Get-MgContext).TenantId } | ConvertTo-Json',
    '',
  ].join('\n');
}

function exchangeLines({ mailbox }: KitWish): string[] {
  if (mailbox === undefined) return [];
  return [
    'Connect-ExchangeOnline -ShowBanner:$false',
    `Set-CASMailbox -Identity ${quote(mailbox)} -SmtpClientAuthenticationDisabled $false`,
  ];
}

/** Switches SMTP AUTH on for one mailbox, in Exchange Online PowerShell; undefined when no mailbox was named. */
export function exchangeScript(wish: KitWish): string | undefined {
  const lines = exchangeLines(wish);
  return lines.length === 0 ? undefined : `${lines.join('\n')}\n`;
}

/** Where an administrator consents for everybody; undefined before the client id is known. `common` is not allowed there. */
export function consentLink(wish: KitWish): string | undefined {
  if (wish.clientId === undefined) return undefined;
  const tenant = wish.tenantId === undefined || wish.tenantId === 'common' ? 'organizations' : wish.tenantId;
  const url = new URL(`${wish.cloud.authority}/${encodeURIComponent(tenant)}/v2.0/adminconsent`);
  url.searchParams.set('client_id', wish.clientId);
  url.searchParams.set('scope', wish.uses.map((use) => `${wish.cloud.scopePrefix}${permissionOf(use)}`).join(' '));
  url.searchParams.set('redirect_uri', pasteRedirect(wish.cloud.authority));
  url.searchParams.set('state', 'platen');
  return url.href;
}
