/** The identity part of the control surface: directory, codes, faults, switches, clock, and what was seen on the wire. */
import { type ControlInput, ControlProblem, type ControlRoute } from './control.ts';
import { FAULT_KINDS, type Fault, type FaultKind } from './identity/faults.ts';
import { ENDPOINTS, type Identity } from './identity/identity.ts';
import { accountFor, answerDeviceCode, openDeviceCode } from './identity/sign-in.ts';
import type { Account, AppRegistration, DeviceCodePolicy, PracticeTenant, TenantSettings } from './tenant.ts';

const DAY_MS = 24 * 60 * 60_000;

/** All routes of this part; `changed` is called after each POST, so that the state can be kept. */
export function identityControlRoutes(identity: Identity, changed: () => void = () => undefined): ControlRoute[] {
  const { tenant } = identity;
  const get = (path: string, handler: (query: ControlInput) => unknown): ControlRoute => ({
    method: 'GET',
    path,
    handler,
  });
  const post = (path: string, act: (body: ControlInput) => unknown): ControlRoute => ({
    method: 'POST',
    path,
    handler: (body) => {
      const result = act(body);
      changed();
      return result;
    },
  });
  return [
    post('/reset', () => resetAll(identity)),
    get('/clock', () => clockView(tenant)),
    post('/clock/advance', (body) => advance(tenant, body)),
    get('/accounts', () => ({ accounts: tenant.accounts.map(accountView) })),
    post('/accounts', (body) => accountView(putAccount(tenant, body))),
    post('/accounts/remove', (body) => tenant.removeAccount(text(body, 'account'))),
    get('/apps', () => ({ apps: [...tenant.apps.values()] })),
    post('/apps', (body) => tenant.addApp(body as Partial<AppRegistration> & { clientId: string })),
    post('/apps/remove', (body) => ({ removed: tenant.apps.delete(text(body, 'clientId').toLowerCase()) })),
    post('/tenants', (body) => tenant.addTenant(body as { tid: string; name: string; domains: string[] })),
    post('/shared-mailboxes', (body) => tenant.addSharedMailbox(body as { address: string })),
    post('/consents', (body) => grantConsent(tenant, body)),
    post('/settings', (body) => changeSettings(tenant, body)),
    get('/device-login', () => ({ codes: listCodes(tenant) })),
    post('/device-login', (body) => deviceLogin(identity, body)),
    get('/faults', () => ({ faults: identity.faults.pending() })),
    post('/faults', (body) => addFault(identity, body)),
    post('/faults/clear', () => identity.faults.clear()),
    post('/switch', (body) => throwSwitch(tenant, body)),
    get('/counters', () => ({ counts: identity.log.counts() })),
    get('/requests', (query) => ({ requests: identity.log.entries(query) })),
    get('/refresh-tokens', () => ({ refreshTokens: listRefreshTokens(tenant) })),
    get('/access-tokens', () => ({ accessTokens: [...tenant.accessTokens.values()] })),
    get('/secrets', () => ({ secrets: listSecrets(tenant) })),
  ];
}

function resetAll(identity: Identity): void {
  identity.rehearsals?.endAll();
  identity.tenant.clock.reset();
  identity.tenant.reset();
  identity.faults.clear();
  identity.log.clear();
  identity.pageSessions.clear();
}

function clockView(tenant: PracticeTenant): { now: Date; offsetMs: number } {
  return { now: tenant.clock.now(), offsetMs: tenant.clock.offsetMs };
}

function advance(tenant: PracticeTenant, body: ControlInput): { now: Date; offsetMs: number } {
  const ms = body.ms ?? (typeof body.seconds === 'number' ? body.seconds * 1000 : undefined);
  if (typeof ms !== 'number') throw new ControlProblem('give ms or seconds as a number');
  tenant.clock.advance(ms);
  return clockView(tenant);
}

/** Adds or changes an account; `mail: null` takes the mail address away. */
function putAccount(tenant: PracticeTenant, body: ControlInput): Account {
  const upn = text(body, 'upn');
  if (!/^[^\s@]+@[^\s@]+$/.test(upn)) throw new ControlProblem('upn must look like an address');
  const { mail, password, signInProblem, refreshProblem, tokensValidFromAt: _, ...rest } = body;
  const cleared = Object.fromEntries(
    Object.entries({ mail, password, signInProblem, refreshProblem })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, value ?? undefined]),
  );
  return tenant.addAccount({ ...rest, ...cleared, upn } as Partial<Account> & { upn: string });
}

function accountView(account: Account): Record<string, unknown> {
  const { password, ...rest } = account;
  return { ...rest, hasPassword: password !== undefined };
}

/** Consent for the organization, or for one account. */
function grantConsent(tenant: PracticeTenant, body: ControlInput): void {
  const clientId = text(body, 'clientId');
  const names = texts(body, 'names');
  const account = body.account === undefined ? undefined : tenant.getAccount(text(body, 'account'));
  const app = tenant.findApp(clientId);
  if (!app) throw new ControlProblem('no such app', 404);
  const consent = { clientId, tid: account?.tid ?? app.tid, names };
  tenant.grantConsent(account ? { ...consent, oid: account.oid } : consent);
}

function changeSettings(tenant: PracticeTenant, body: ControlInput): TenantSettings {
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(tenant.settings, name)) throw new ControlProblem(`there is no setting ${name}`);
    Object.assign(tenant.settings, { [name]: value ?? undefined });
  }
  return tenant.settings;
}

function listCodes(tenant: PracticeTenant): unknown[] {
  const now = tenant.clock.now();
  return [...tenant.deviceCodes.values()].map((code) => ({
    userCode: code.userCode,
    clientId: code.clientId,
    tenant: code.tenantPath,
    scopes: [...code.scopes.names, ...code.scopes.oidc],
    state: now >= code.expiresAt && code.state.kind !== 'used' ? 'expired' : code.state.kind,
    browserRefusal: code.state.kind === 'pending' ? code.state.browserRefusal : undefined,
    issuedAt: code.issuedAt,
    expiresAt: code.expiresAt,
    polls: code.polls,
  }));
}

/** Does what a person would do on the page: `{userCode, account, action: "confirm" | "decline", aadsts?}`. */
function deviceLogin(identity: Identity, body: ControlInput): unknown {
  const code = openDeviceCode(identity, text(body, 'userCode'));
  if (typeof code === 'number') return { kind: 'refused', seen: 'browser', aadsts: code };
  const account = accountFor(identity, text(body, 'account'));
  if (!account) return { kind: 'refused', seen: 'browser', aadsts: 50034 };
  const action = body.action ?? 'confirm';
  if (action !== 'confirm' && action !== 'decline') throw new ControlProblem('action is confirm or decline');
  const aadsts = typeof body.aadsts === 'number' ? { aadsts: body.aadsts } : {};
  return answerDeviceCode(identity, code, { account, action, ...aadsts });
}

/** `{endpoint, kind, times?: number | "always", grant?, …}`; the further fields stand in identity/faults.ts. */
function addFault(identity: Identity, body: ControlInput): void {
  const endpoint = text(body, 'endpoint');
  const kind = text(body, 'kind');
  if (!(ENDPOINTS as readonly string[]).includes(endpoint)) {
    throw new ControlProblem(`endpoint is one of ${ENDPOINTS.join(', ')}`);
  }
  if (!(FAULT_KINDS as readonly string[]).includes(kind)) {
    throw new ControlProblem(`kind is one of ${FAULT_KINDS.join(', ')}`);
  }
  const { times = 1, ...fault } = body;
  const isCount = typeof times === 'number' && Number.isInteger(times) && times > 0;
  if (times !== 'always' && !isCount) throw new ControlProblem('times is a positive number or "always"');
  const left = times === 'always' ? Number.POSITIVE_INFINITY : Number(times);
  identity.faults.add({ ...fault, endpoint, kind: kind as FaultKind } as Fault, left);
}

type Switch = (tenant: PracticeTenant, body: ControlInput) => void;

const onAccount =
  (change: (account: Account, body: ControlInput, now: Date) => void): Switch =>
  (tenant, body) =>
    change(tenant.getAccount(text(body, 'account')), body, tenant.clock.now());

const onApp =
  (change: (app: AppRegistration, on: boolean) => void): Switch =>
  (tenant, body) => {
    const app = tenant.findApp(text(body, 'clientId'));
    if (!app) throw new ControlProblem('no such app', 404);
    change(app, body.on !== false);
  };

const refreshProblem = (aadsts: number): Switch =>
  onAccount((account, body) => {
    account.refreshProblem = body.on === false ? undefined : aadsts;
  });

/** What an administrator, a user or time does to a tenant. Most take `on: false` to be taken back. */
const SWITCHES: Readonly<Record<string, Switch>> = {
  'password-changed': onAccount((account, _, now) => {
    // Sign-ins without a password outlive a change of password.
    if (account.signInMethod === 'password') account.tokensValidFromAt = now;
  }),
  'sessions-revoked': onAccount((account, _, now) => {
    account.tokensValidFromAt = now;
  }),
  'user-disabled': onAccount((account, body) => {
    account.isDisabled = body.on !== false;
  }),
  'mfa-expired': refreshProblem(50078),
  'sign-in-frequency': refreshProblem(70043),
  'refresh-problem': onAccount((account, body) => {
    account.refreshProblem = typeof body.aadsts === 'number' ? body.aadsts : undefined;
  }),
  'sign-in-problem': onAccount((account, body) => {
    account.signInProblem = typeof body.aadsts === 'number' ? body.aadsts : undefined;
  }),
  idle: (tenant, body) => {
    const account = tenant.getAccount(text(body, 'account'));
    const days = typeof body.days === 'number' ? body.days : 91;
    for (const [token, refresh] of tenant.refreshTokens) {
      if (refresh.signIn.oid !== account.oid) continue;
      const issuedAt = new Date(refresh.issuedAt.getTime() - days * DAY_MS);
      tenant.refreshTokens.set(token, { ...refresh, issuedAt });
    }
  },
  'device-code-policy': (tenant, body) => {
    const policies: readonly DeviceCodePolicy[] = ['allowed', 'security-defaults', 'conditional-access'];
    const policy = policies.find((known) => known === (body.policy ?? 'conditional-access'));
    if (!policy) throw new ControlProblem(`policy is one of ${policies.join(', ')}`);
    for (const each of tenant.tenants) each.deviceCodePolicy = policy;
  },
  'consent-removed': (tenant, body) => {
    const app = tenant.findApp(text(body, 'clientId'));
    if (!app) throw new ControlProblem('no such app', 404);
    const names = body.names === undefined ? {} : { names: texts(body, 'names') };
    for (const each of tenant.tenants) tenant.removeConsent({ clientId: app.clientId, tid: each.tid, ...names });
  },
  'app-disabled': onApp((app, on) => {
    app.isDisabled = on;
  }),
  'public-client-off': onApp((app, on) => {
    app.isPublicClient = !on;
  }),
  'assignment-required': onApp((app, on) => {
    app.isAssignmentRequired = on;
  }),
};

function throwSwitch(tenant: PracticeTenant, body: ControlInput): void {
  const name = text(body, 'switch');
  const act = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
  if (!act) throw new ControlProblem(`switch is one of ${Object.keys(SWITCHES).join(', ')}`);
  act(tenant, body);
}

/** Every refresh token with its value, so that a test can look for leaks. */
function listRefreshTokens(tenant: PracticeTenant): unknown[] {
  return [...tenant.refreshTokens.values()].map(({ token, clientId, signIn, scopes, issuedAt, uses }) => ({
    token,
    clientId,
    account: tenant.findAccountByOid(signIn.oid)?.upn,
    flow: signIn.flow,
    scopes: [...scopes.names, ...scopes.oidc],
    issuedAt,
    uses,
  }));
}

/** Every text that must never be found in a log, a dump or an answer of the other side. */
function listSecrets(tenant: PracticeTenant): string[] {
  const tokens = [tenant.deviceCodes, tenant.authorizationCodes, tenant.refreshTokens, tenant.accessTokens];
  return tokens.flatMap((map) => [...map.keys()]);
}

function text(body: ControlInput, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new ControlProblem(`${name} must be a text`);
  return value;
}

function texts(body: ControlInput, name: string): string[] {
  const value = body[name];
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) {
    throw new ControlProblem(`${name} must be a list of texts`);
  }
  return value;
}
