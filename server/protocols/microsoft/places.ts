/**
 * Where something is clicked in Microsoft's portals. The menu path stands in `locales` under `places.<name>`; the
 * address is of the cloud that the tenant lives in, and absent where it is not known for sure.
 */
export const PLACES = [
  'app-registrations',
  'new-registration',
  'app-overview',
  'app-authentication',
  'app-permissions',
  'app-manifest',
  'enterprise-apps',
  'security-defaults',
  'conditional-access',
  'mfa-settings',
  'cross-tenant-access',
  'identity-protection',
  'users',
  'security-info',
  'sign-in-logs',
  'device-login',
  'connect-sync',
  'licenses',
  'mail-apps',
  'mailbox-delegation',
  'mail-flow-settings',
  'restricted-entities',
  'service-health',
  'cloud-shell',
  'graph-explorer',
] as const;
export type Place = (typeof PLACES)[number];

type Portals = {
  readonly entra: string;
  /** Admin centers that only the worldwide cloud has under a name that is known for sure. */
  readonly admin?: string;
  readonly exchange?: string;
  readonly defender?: string;
};

const PORTALS: Readonly<Record<string, Portals>> = {
  worldwide: {
    entra: 'https://entra.microsoft.com',
    admin: 'https://admin.microsoft.com',
    exchange: 'https://admin.exchange.microsoft.com',
    defender: 'https://security.microsoft.com',
  },
  'us-gcc-high': { entra: 'https://portal.azure.us' },
  'us-dod': { entra: 'https://portal.azure.us' },
  china: { entra: 'https://portal.azure.cn' },
};

const app = (page: string) => (portals: Portals, clientId: string | undefined) =>
  clientId === undefined
    ? `${portals.entra}/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade`
    : `${portals.entra}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade/~/${page}/appId/${encodeURIComponent(clientId)}`;
const entra = (fragment: string) => (portals: Portals) => `${portals.entra}/#view/${fragment}`;
const below = (base: keyof Portals, path: string) => (portals: Portals) => {
  const host = portals[base];
  return host === undefined ? undefined : `${host}/${path}`;
};
const worldwide = (address: string) => (portals: Portals) => (portals.admin === undefined ? undefined : address);

const ADDRESSES: Readonly<Record<Place, (portals: Portals, clientId: string | undefined) => string | undefined>> = {
  'app-registrations': entra('Microsoft_AAD_RegisteredApps/ApplicationsListBlade'),
  'new-registration': entra('Microsoft_AAD_RegisteredApps/CreateApplicationBlade'),
  'app-overview': app('Overview'),
  'app-authentication': app('Authentication'),
  'app-permissions': app('CallAnAPI'),
  'app-manifest': app('Manifest'),
  'enterprise-apps': entra('Microsoft_AAD_IAM/StartboardApplicationsMenuBlade/~/AppAppsPreview'),
  'security-defaults': entra('Microsoft_AAD_IAM/TenantOverview.ReactView'),
  'conditional-access': entra('Microsoft_AAD_ConditionalAccess/ConditionalAccessBlade/~/Policies'),
  'mfa-settings': worldwide('https://account.activedirectory.windowsazure.com/usermanagement/mfasettings.aspx'),
  'cross-tenant-access': entra('Microsoft_AAD_IAM/CompanyRelationshipsMenuBlade/~/CrossTenantAccessSettings'),
  'identity-protection': entra('Microsoft_AAD_IAM/IdentityProtectionMenuBlade/~/RiskyUsers'),
  users: entra('Microsoft_AAD_UsersAndTenants/UserManagementMenuBlade/~/AllUsers'),
  'security-info': worldwide('https://aka.ms/mysecurityinfo'),
  'sign-in-logs': entra('Microsoft_AAD_IAM/SignInEventsV3Blade'),
  'device-login': worldwide('https://microsoft.com/devicelogin'),
  'connect-sync': entra('Microsoft_AAD_Connect_Provisioning/AADConnectMenuBlade/~/ConnectSync'),
  licenses: below('admin', '#/users'),
  'mail-apps': below('admin', '#/users'),
  'mailbox-delegation': below('exchange', '#/mailboxes'),
  'mail-flow-settings': below('exchange', '#/settings'),
  'restricted-entities': below('defender', 'restrictedentities'),
  'service-health': below('admin', '#/servicehealth'),
  'cloud-shell': worldwide('https://shell.azure.com'),
  'graph-explorer': worldwide('https://developer.microsoft.com/graph/graph-explorer'),
};

/** The page to open; undefined for a custom cloud and for what a national cloud has under an unknown name. */
export function addressOf(
  place: Place,
  about: { readonly cloud: string; readonly clientId?: string },
): string | undefined {
  const portals = Object.hasOwn(PORTALS, about.cloud) ? PORTALS[about.cloud] : undefined;
  return portals === undefined ? undefined : ADDRESSES[place](portals, about.clientId);
}
