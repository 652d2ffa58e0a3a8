/**
 * The practice tenant: the directory, the mailbox rights and everything that the identity endpoints hand out.
 * It is the one state that the identity, IMAP and control parts of the simulator share. It promises that a lookup
 * never changes anything; it never talks to a network and never reads a clock but the one it was given.
 */
import { createHash } from 'node:crypto';
import type { PracticeClock } from './clock.ts';

export const PRACTICE_DOMAIN = 'practice.example';
export const PRACTICE_TENANT_ID = '5f0c6c1e-7a52-4b58-9d0a-6d1f0a2b3c4d';
export const PRACTICE_CLIENT_ID = '0b5f7a9e-3c1d-4e2f-8a6b-9c0d1e2f3a4b';
export const PERSONAL_TENANT_ID = '9188040d-6c67-4c5b-b112-36a304b66dad';

const ELSEWHERE_TENANT_ID = 'c2a4e6f8-1b3d-4f50-8a7c-2e4f6a8b0c1d';

export type SignInFlow = 'device-code' | 'browser';
export type DeviceCodePolicy = 'allowed' | 'security-defaults' | 'conditional-access';

export type DirectoryTenant = {
  readonly tid: string;
  readonly name: string;
  readonly domains: string[];
  deviceCodePolicy: DeviceCodePolicy;
};

export type Account = {
  upn: string;
  oid: string;
  tid: string;
  name: string;
  mail: string | undefined;
  proxyAddresses: string[]; // further addresses, without the "smtp:" prefix
  password: string | undefined; // asked on the page only when set
  signInMethod: 'password' | 'other';
  isAdmin: boolean;
  isGuest: boolean;
  isDisabled: boolean;
  hasMailbox: boolean;
  signInProblem: number | undefined; // AADSTS number that every sign-in meets
  refreshProblem: number | undefined; // AADSTS number that every redemption of a refresh token meets
  tokensValidFromAt: Date;
};

export type AppRegistration = {
  clientId: string;
  name: string;
  tid: string;
  audience: 'single' | 'multi' | 'multi-and-personal';
  isPublicClient: boolean;
  isDisabled: boolean;
  isAssignmentRequired: boolean;
  assigned: string[]; // oids
  permissions: string[]; // names as registered, e.g. IMAP.AccessAsUser.All
  redirectUris: string[];
};

export type SharedMailbox = {
  address: string;
  name: string;
  fullAccess: string[]; // oids of delegates
  sendAs: string[];
};

export type ScopeSet = {
  readonly resource: 'outlook' | 'graph';
  readonly audience: string;
  readonly names: readonly string[];
  readonly oidc: readonly string[]; // openid, profile, email, offline_access
};

export type SignIn = {
  readonly oid: string;
  readonly tid: string;
  readonly flow: SignInFlow;
  readonly method: 'password' | 'other';
  readonly authenticatedAt: Date;
};

export type DeviceCodeState =
  | { readonly kind: 'pending'; readonly browserRefusal?: number }
  | { readonly kind: 'confirmed'; readonly signIn: SignIn }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly aadsts: number; readonly account: string }
  | { readonly kind: 'used' };

export type DeviceCode = {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly tenantPath: string;
  readonly clientId: string;
  readonly scopes: ScopeSet;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly intervalSeconds: number;
  state: DeviceCodeState;
  lastPolledAt: Date | undefined;
  polls: number;
};

export type AuthorizationCode = {
  readonly code: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scopes: ScopeSet;
  readonly signIn: SignIn;
  readonly codeChallenge: string | undefined;
  readonly nonce: string | undefined;
  readonly expiresAt: Date;
  isUsed: boolean;
};

export type RefreshToken = {
  readonly token: string;
  readonly clientId: string;
  readonly scopes: ScopeSet;
  readonly signIn: SignIn;
  readonly issuedAt: Date;
  uses: number;
};

export type AccessToken = {
  readonly token: string;
  readonly username: string;
  readonly oid: string;
  readonly tid: string;
  readonly audience: string;
  readonly scopes: string[]; // short names, as in the claim scp
  readonly clientId: string;
  readonly expiresAt: Date;
};

/** How the endpoints behave, beside faults: everything a test may set for a while. */
export type TenantSettings = {
  descriptionLayout: 'lines' | 'blanks';
  verificationUri: string | undefined;
  deviceCodeSeconds: number;
  intervalSeconds: number;
  pollingTooFast: 'pending' | 'slow-down';
  accessTokenSeconds: number | undefined; // undefined: random 3600 to 5400
  scopeAnswer: 'requested' | 'all-consented';
};

const DEFAULT_SETTINGS: TenantSettings = {
  descriptionLayout: 'lines',
  verificationUri: undefined,
  deviceCodeSeconds: 900,
  intervalSeconds: 5,
  pollingTooFast: 'pending',
  accessTokenSeconds: undefined,
  scopeAnswer: 'requested',
};

export type PracticeTenantOptions = { clock: PracticeClock; tid?: string; clientId?: string };

export class PracticeTenant {
  readonly clock: PracticeClock;
  readonly settings: TenantSettings = { ...DEFAULT_SETTINGS };
  readonly tenants: DirectoryTenant[] = [];
  readonly accounts: Account[] = [];
  readonly apps = new Map<string, AppRegistration>();
  readonly sharedMailboxes = new Map<string, SharedMailbox>();
  readonly consents = new Map<string, Set<string>>();
  readonly deviceCodes = new Map<string, DeviceCode>();
  readonly authorizationCodes = new Map<string, AuthorizationCode>();
  readonly refreshTokens = new Map<string, RefreshToken>();
  readonly accessTokens = new Map<string, AccessToken>();
  readonly #options: PracticeTenantOptions;
  #redirectUris: readonly string[] = [];

  constructor(options: PracticeTenantOptions) {
    this.clock = options.clock;
    this.#options = options;
    this.reset();
  }

  /** Back to the practice data: no codes, no tokens, default settings. The clock keeps its place. */
  reset(): void {
    Object.assign(this.settings, DEFAULT_SETTINGS);
    this.tenants.length = 0;
    this.accounts.length = 0;
    const maps = [this.apps, this.sharedMailboxes, this.consents, this.deviceCodes];
    for (const map of [...maps, this.authorizationCodes, this.refreshTokens, this.accessTokens]) map.clear();
    addPracticeData(this, this.#options);
    this.setRedirectUris(this.#redirectUris);
  }

  /** The redirects of the practice registration; they name the authority, which is known once a port is. */
  setRedirectUris(redirectUris: readonly string[]): void {
    this.#redirectUris = redirectUris;
    this.addApp({ clientId: this.#options.clientId ?? PRACTICE_CLIENT_ID, redirectUris: [...redirectUris] });
  }

  /** The tenant of a GUID or domain; undefined also for `common` and its like, which name no tenant. */
  findTenant(guidOrDomain: string): DirectoryTenant | undefined {
    const wanted = guidOrDomain.toLowerCase();
    return this.tenants.find((tenant) => tenant.tid === wanted || tenant.domains.includes(wanted));
  }

  addTenant(tenant: { tid: string; name: string; domains: string[] }): DirectoryTenant {
    const added: DirectoryTenant = {
      tid: tenant.tid.toLowerCase(),
      name: tenant.name,
      domains: tenant.domains.map((domain) => domain.toLowerCase()),
      deviceCodePolicy: 'allowed',
    };
    this.tenants.push(added);
    return added;
  }

  /** Adds an account, or changes the one with this UPN; whatever is not named keeps its value. */
  addAccount(given: Partial<Account> & { upn: string }): Account {
    const upn = given.upn.toLowerCase();
    const known = this.accounts.find((account) => account.upn === upn);
    if (known) return Object.assign(known, given, { upn });
    const domain = upn.slice(upn.indexOf('@') + 1);
    const account: Account = {
      oid: guidFrom(`account ${upn}`),
      tid: this.findTenant(domain)?.tid ?? this.#options.tid ?? PRACTICE_TENANT_ID,
      name: upn.slice(0, upn.indexOf('@')),
      mail: upn,
      proxyAddresses: [],
      password: undefined,
      signInMethod: 'password',
      isAdmin: false,
      isGuest: false,
      isDisabled: false,
      hasMailbox: true,
      signInProblem: undefined,
      refreshProblem: undefined,
      tokensValidFromAt: new Date(0),
      ...given,
      upn,
    };
    this.accounts.push(account);
    return account;
  }

  removeAccount(addressOrUpn: string): void {
    const account = this.getAccount(addressOrUpn);
    this.accounts.splice(this.accounts.indexOf(account), 1);
  }

  findAccount(addressOrUpn: string): Account | undefined {
    const wanted = addressOrUpn.trim().toLowerCase();
    const byName = this.accounts.find((account) => account.upn === wanted);
    return byName ?? this.accounts.find((account) => ownAddresses(account).includes(wanted));
  }

  getAccount(addressOrUpn: string): Account {
    const account = this.findAccount(addressOrUpn);
    if (!account) throw new Error(`the practice tenant has no account ${addressOrUpn}`);
    return account;
  }

  findAccountByOid(oid: string): Account | undefined {
    return this.accounts.find((account) => account.oid === oid);
  }

  /** Every address that reaches the account's own mailbox, the UPN first; empty for an unknown account. */
  addressesOf(username: string): string[] {
    const account = this.findAccount(username);
    return account ? ownAddresses(account) : [];
  }

  /** Says whether this sign-in may open the mailbox of the address: its own, or a shared one with FullAccess. */
  mayOpenMailbox(username: string, address: string): boolean {
    const account = this.findAccount(username);
    if (!account || account.isDisabled) return false;
    const wanted = address.toLowerCase();
    if (ownAddresses(account).includes(wanted)) return account.hasMailbox;
    return this.sharedMailboxes.get(wanted)?.fullAccess.includes(account.oid) ?? false;
  }

  maySendAs(username: string, address: string): boolean {
    const account = this.findAccount(username);
    if (!account || account.isDisabled) return false;
    const wanted = address.toLowerCase();
    if (ownAddresses(account).includes(wanted)) return account.hasMailbox;
    return this.sharedMailboxes.get(wanted)?.sendAs.includes(account.oid) ?? false;
  }

  /** Adds a shared mailbox, or replaces the delegates of a known one. */
  addSharedMailbox(given: { address: string; name?: string; fullAccess?: string[]; sendAs?: string[] }): SharedMailbox {
    const address = given.address.toLowerCase();
    const oids = (names: string[] = []) => names.map((name) => this.getAccount(name).oid);
    const mailbox = {
      address,
      name: given.name ?? address,
      fullAccess: oids(given.fullAccess),
      sendAs: oids(given.sendAs),
    };
    this.sharedMailboxes.set(address, mailbox);
    return mailbox;
  }

  /** Adds a registration, or changes the one with this client id. */
  addApp(given: Partial<AppRegistration> & { clientId: string }): AppRegistration {
    const clientId = given.clientId.toLowerCase();
    const app: AppRegistration = {
      name: 'Platen',
      tid: this.#options.tid ?? PRACTICE_TENANT_ID,
      audience: 'single',
      isPublicClient: true,
      isDisabled: false,
      isAssignmentRequired: false,
      assigned: [],
      permissions: ['IMAP.AccessAsUser.All', 'POP.AccessAsUser.All', 'SMTP.Send', 'User.Read'],
      redirectUris: [],
      ...this.apps.get(clientId),
      ...given,
      clientId,
    };
    this.apps.set(clientId, app);
    return app;
  }

  findApp(clientId: string): AppRegistration | undefined {
    return this.apps.get(clientId.toLowerCase());
  }

  /** Permission names that were consented to, for the whole organization or by this account itself. */
  consentedNames(clientId: string, account: Account): string[] {
    const everyone = this.consents.get(consentKey(clientId, account.tid)) ?? [];
    const own = this.consents.get(consentKey(clientId, account.tid, account.oid)) ?? [];
    return [...new Set([...everyone, ...own])];
  }

  /** Consent for the tenant, or for one account when `oid` is given. */
  grantConsent(given: { clientId: string; tid: string; oid?: string; names: readonly string[] }): void {
    const key = consentKey(given.clientId, given.tid, given.oid);
    this.consents.set(key, new Set([...(this.consents.get(key) ?? []), ...given.names]));
  }

  /** Withdraws names from every consent of this app in this tenant, of the tenant and of its accounts. */
  removeConsent(given: { clientId: string; tid: string; names?: readonly string[] }): void {
    const prefix = consentKey(given.clientId, given.tid, '');
    for (const [key, names] of this.consents) {
      if (!key.startsWith(prefix)) continue;
      for (const name of given.names ?? [...names]) names.delete(name);
    }
  }

  /** What a token says, expired or not: whoever accepts it compares `expiresAt` with the clock. */
  findAccessToken(token: string): AccessToken | undefined {
    return this.accessTokens.get(token);
  }
}

/** A stable GUID for a text, so that the same account has the same id in each run. */
export function guidFrom(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-9${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function ownAddresses(account: Account): string[] {
  const addresses = [account.upn, ...(account.mail ? [account.mail] : []), ...account.proxyAddresses];
  return [...new Set(addresses.map((address) => address.toLowerCase()))];
}

function consentKey(clientId: string, tid: string, oid = '*'): string {
  return `${tid}/${clientId.toLowerCase()}/${oid}`;
}

function addPracticeData(tenant: PracticeTenant, options: PracticeTenantOptions): void {
  const tid = options.tid ?? PRACTICE_TENANT_ID;
  const clientId = options.clientId ?? PRACTICE_CLIENT_ID;
  tenant.addTenant({ tid, name: 'Practice', domains: [PRACTICE_DOMAIN, 'practice.onmicrosoft.example'] });
  tenant.addTenant({ tid: ELSEWHERE_TENANT_ID, name: 'Elsewhere', domains: ['elsewhere.example'] });
  tenant.addTenant({ tid: PERSONAL_TENANT_ID, name: 'Personal accounts', domains: ['personal.example'] });
  tenant.addAccount({ upn: `print@${PRACTICE_DOMAIN}`, name: 'Print Room' });
  tenant.addAccount({ upn: `anna@${PRACTICE_DOMAIN}`, name: 'Anna' });
  tenant.addAccount({ upn: `bruno@${PRACTICE_DOMAIN}`, name: 'Bruno' });
  tenant.addAccount({ upn: `admin@${PRACTICE_DOMAIN}`, name: 'Administrator', isAdmin: true });
  tenant.addAccount({
    upn: 'carla.upn@practice.onmicrosoft.example',
    name: 'Carla',
    mail: `carla@${PRACTICE_DOMAIN}`,
    proxyAddresses: [`c.mail@${PRACTICE_DOMAIN}`],
  });
  tenant.addAccount({
    upn: `guest_partner.example#ext#@practice.onmicrosoft.example`,
    name: 'Guest of a partner',
    mail: 'guest@partner.example',
    isGuest: true,
    hasMailbox: false,
  });
  tenant.addAccount({ upn: 'visitor@elsewhere.example', name: 'Visitor' });
  tenant.addSharedMailbox({
    address: `scans@${PRACTICE_DOMAIN}`,
    name: 'Scans',
    fullAccess: [`print@${PRACTICE_DOMAIN}`],
    sendAs: [`print@${PRACTICE_DOMAIN}`],
  });
  const app = tenant.addApp({ clientId, tid });
  tenant.grantConsent({ clientId, tid, names: app.permissions });
}
