/**
 * What a browser does here: enter a device code, authorize with PKCE, or consent for the organization.
 * All three go the same way: a page session, the account, the confirmation, and an end of their own.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { Account, AppRegistration, DeviceCode, ScopeSet } from '../tenant.ts';
import { type Answer, Refusal, redirectAnswer } from './answers.ts';
import type { Identity, IdentityRequest, PagePurpose, PageSession } from './identity.ts';
import {
  accountPage,
  codePage,
  confirmPage,
  declinedPage,
  donePage,
  expiredSessionPage,
  refusedPage,
} from './pages.ts';
import { missingConsent, readScopes } from './scopes.ts';
import { accountFor, answerDeviceCode, decideSignIn, openDeviceCode, type SignInChoice } from './sign-in.ts';
import { registrationFor } from './token.ts';

const MINUTE_MS = 60_000;
const PAGE_SESSION_MS = 30 * MINUTE_MS;
const AUTHORIZATION_CODE_MS = 10 * MINUTE_MS;
const MAX_PAGE_SESSIONS = 1000;

type RedirectPurpose = Extract<PagePurpose, { redirectUri: string }>;

/** `GET` and `POST /devicelogin`: the code, then the list of accounts. */
export function enterCode(identity: Identity, request: IdentityRequest): Answer {
  if (request.method !== 'POST') return codePage(request.language);
  const userCode = (request.form.get('userCode') ?? request.form.get('otc') ?? '').slice(0, 40);
  const code = openDeviceCode(identity, userCode);
  if (typeof code === 'number') return codePage(request.language, { aadsts: code, userCode });
  const session = openSession(identity, { kind: 'device-code', deviceCode: code.deviceCode });
  return chooseAccount(identity, request, session);
}

/** `GET /{tenant}/oauth2/v2.0/authorize`: authorization code with PKCE S256 (RFC 7636). */
export function authorize(identity: Identity, request: IdentityRequest): Answer {
  return onPage(request, () => {
    const asked = request.url.searchParams;
    const { app, redirectUri } = redirectTarget(identity, request);
    const purpose = redirectPurpose(identity, request, { kind: 'authorize', app, redirectUri });
    const refuse = (error: string, text: string) =>
      redirectAnswer(withParameters(purpose, { error, error_description: text }));
    if (asked.get('response_type') !== 'code')
      return refuse('unsupported_response_type', 'AADSTS700054: response_type is not enabled.');
    const method = asked.get('code_challenge_method') ?? 'plain';
    if (purpose.codeChallenge !== undefined && method !== 'S256') {
      return refuse('invalid_request', 'AADSTS501491: code_challenge_method must be S256.');
    }
    if (asked.get('prompt') === 'none') return refuse('login_required', 'AADSTS50058: No user is signed in.');
    return chooseAccount(identity, request, openSession(identity, purpose));
  });
}

/** `GET /{tenant}/v2.0/adminconsent`: an administrator consents for everybody; `common` is not allowed here. */
export function adminConsent(identity: Identity, request: IdentityRequest): Answer {
  return onPage(request, () => {
    if (request.tenantPath.toLowerCase() === 'common') throw new Refusal(90019);
    const { app, redirectUri } = redirectTarget(identity, request);
    const purpose = redirectPurpose(identity, request, { kind: 'adminconsent', app, redirectUri });
    return chooseAccount(identity, request, openSession(identity, purpose));
  });
}

/** `POST /sign-in/account`: an account of the list or a typed one, with its password if it has one. */
export function accountStep(identity: Identity, request: IdentityRequest): Answer {
  const session = findSession(identity, request);
  if (!session) return expiredSessionPage(request.language);
  const typed = request.form.get('other')?.trim() || request.form.get('account') || '';
  const account = accountFor(identity, typed);
  if (!account) return chooseAccount(identity, request, session, 50034);
  if (account.password !== undefined && account.password !== request.form.get('password')) {
    return chooseAccount(identity, request, session, 50126);
  }
  session.upn = account.upn;
  const { app, scopes } = sessionTarget(identity, session);
  const isConsent = session.purpose.kind === 'adminconsent';
  const asks = isConsent ? consentNames(app, scopes) : missingConsent(identity.tenant, app.clientId, account, scopes);
  return confirmPage(request.language, { session: session.id, app: app.name, account: account.upn, asks, isConsent });
}

/** `POST /sign-in/confirm`: the end of each of the three ways. */
export function confirmStep(identity: Identity, request: IdentityRequest): Answer {
  const session = findSession(identity, request);
  const account = session?.upn === undefined ? undefined : identity.tenant.findAccount(session.upn);
  if (!session || !account) return expiredSessionPage(request.language);
  identity.pageSessions.delete(session.id);
  const happen = Number(request.form.get('happen') || Number.NaN);
  const choice: SignInChoice = {
    account,
    action: request.form.get('action') === 'confirm' ? 'confirm' : 'decline',
    ...(Number.isInteger(happen) ? { aadsts: happen } : {}),
  };
  const { purpose } = session;
  if (purpose.kind === 'device-code') {
    const code = identity.tenant.deviceCodes.get(purpose.deviceCode);
    return code ? finishDeviceCode(identity, request, { code, choice }) : codePage(request.language, { aadsts: 70019 });
  }
  if (purpose.kind === 'adminconsent') return finishConsent(identity, request, { purpose, choice });
  return finishAuthorize(identity, request, { purpose, choice });
}

function finishDeviceCode(
  identity: Identity,
  request: IdentityRequest,
  end: { code: DeviceCode; choice: SignInChoice },
): Answer {
  // The code may have expired or been answered elsewhere while this page was open.
  const open = openDeviceCode(identity, end.code.userCode);
  if (typeof open === 'number') return codePage(request.language, { aadsts: open });
  const outcome = answerDeviceCode(identity, open, end.choice);
  if (outcome.kind === 'signed-in') return donePage(request.language, appName(identity, open.clientId));
  if (outcome.kind === 'declined') return declinedPage(request.language);
  return refusedPage(request.language, outcome.aadsts, outcome.seen === 'token' ? 'told' : 'not-told');
}

function finishAuthorize(
  identity: Identity,
  request: IdentityRequest,
  end: { purpose: RedirectPurpose; choice: SignInChoice },
): Answer {
  const { purpose } = end;
  const app = registrationFor(identity, purpose.tenantPath, purpose.clientId);
  const attempt = { app, tenantPath: purpose.tenantPath, scopes: purpose.scopes, flow: 'browser' as const };
  const outcome = decideSignIn(identity, attempt, end.choice);
  if (outcome.kind === 'refused') return refusedPage(request.language, outcome.aadsts, 'nobody-waits');
  if (outcome.kind === 'declined') return redirectAnswer(withParameters(purpose, declinedParameters()));
  const now = identity.tenant.clock.now();
  const code = `1.AXkA${randomBytes(300).toString('base64url')}`;
  identity.tenant.authorizationCodes.set(code, {
    code,
    clientId: app.clientId,
    redirectUri: purpose.redirectUri,
    scopes: purpose.scopes,
    signIn: outcome.signIn,
    codeChallenge: purpose.codeChallenge,
    nonce: purpose.nonce,
    expiresAt: new Date(now.getTime() + AUTHORIZATION_CODE_MS),
    isUsed: false,
  });
  return redirectAnswer(withParameters(purpose, { code, session_state: randomUUID() }));
}

function finishConsent(
  identity: Identity,
  request: IdentityRequest,
  end: { purpose: RedirectPurpose; choice: SignInChoice },
): Answer {
  const { purpose, choice } = end;
  const { account } = choice;
  const app = registrationFor(identity, purpose.tenantPath, purpose.clientId);
  const asked = identity.tenant.findTenant(purpose.tenantPath);
  if (asked && asked.tid !== account.tid) return refusedPage(request.language, 50020, 'nobody-waits');
  if (choice.action === 'decline') return redirectAnswer(withParameters(purpose, declinedParameters()));
  if (!account.isAdmin) return refusedPage(request.language, 90094, 'nobody-waits');
  const names = consentNames(app, purpose.scopes);
  identity.tenant.grantConsent({ clientId: app.clientId, tid: account.tid, names });
  const scope = names.map((name) => `${purpose.scopes.audience}/${name}`).join(' ');
  return redirectAnswer(withParameters(purpose, { admin_consent: 'True', tenant: account.tid, scope }));
}

function redirectPurpose(
  identity: Identity,
  request: IdentityRequest,
  given: { kind: 'authorize' | 'adminconsent'; app: AppRegistration; redirectUri: string },
): RedirectPurpose {
  const asked = request.url.searchParams;
  return {
    kind: given.kind,
    tenantPath: request.tenantPath,
    clientId: given.app.clientId,
    scopes: readScopes(asked.get('scope') ?? '', identity.authority),
    redirectUri: given.redirectUri,
    responseMode: asked.get('response_mode') === 'fragment' ? 'fragment' : 'query',
    state: asked.get('state') ?? undefined,
    nonce: asked.get('nonce') ?? undefined,
    codeChallenge: asked.get('code_challenge') ?? undefined,
  };
}

/** The registration and a redirect address that it names; on http://localhost the port is ignored (RFC 8252 7.3). */
function redirectTarget(identity: Identity, request: IdentityRequest): { app: AppRegistration; redirectUri: string } {
  const asked = request.url.searchParams;
  const clientId = asked.get('client_id');
  if (!clientId) throw new Refusal(900144, { text: "The request must contain the following parameter: 'client_id'." });
  const app = registrationFor(identity, request.tenantPath, clientId);
  const first = app.redirectUris[0];
  if (first === undefined) throw new Refusal(500113);
  const redirectUri = asked.get('redirect_uri') ?? first;
  const wanted = withoutLoopbackPort(redirectUri);
  if (!app.redirectUris.some((uri) => withoutLoopbackPort(uri) === wanted)) throw new Refusal(50011);
  return { app, redirectUri };
}

function withoutLoopbackPort(uri: string): string {
  if (!URL.canParse(uri)) return uri;
  const url = new URL(uri);
  if (url.protocol !== 'http:' || (url.hostname !== 'localhost' && url.hostname !== '127.0.0.1')) return uri;
  url.port = '';
  return url.href;
}

function withParameters(purpose: RedirectPurpose, parameters: Readonly<Record<string, string>>): string {
  const url = new URL(purpose.redirectUri);
  const all = new URLSearchParams(purpose.responseMode === 'query' ? url.search : '');
  for (const [name, value] of Object.entries(parameters)) all.set(name, value);
  if (purpose.state !== undefined) all.set('state', purpose.state);
  if (purpose.responseMode === 'query') url.search = all.toString();
  else url.hash = all.toString();
  return url.href;
}

function declinedParameters(): Record<string, string> {
  const text = 'AADSTS65004: User declined to consent to access the app.';
  return { error: 'access_denied', error_subcode: 'cancel', error_description: text };
}

function consentNames(app: AppRegistration, scopes: ScopeSet): string[] {
  const isEverything = scopes.names.length === 0 || scopes.names.includes('.default');
  return isEverything ? app.permissions : [...scopes.names];
}

/** A refusal before the redirect address is known to be good may only be shown, never redirected. */
function onPage(request: IdentityRequest, answer: () => Answer): Answer {
  try {
    return answer();
  } catch (error) {
    if (!(error instanceof Refusal) || error.aadsts === undefined) throw error;
    return { ...refusedPage(request.language, error.aadsts, 'nobody-waits'), status: 400 };
  }
}

function openSession(identity: Identity, purpose: PagePurpose): PageSession {
  const now = identity.tenant.clock.now();
  for (const [id, session] of identity.pageSessions) {
    const isOld = now.getTime() - session.openedAt.getTime() > PAGE_SESSION_MS;
    if (isOld || identity.pageSessions.size >= MAX_PAGE_SESSIONS) identity.pageSessions.delete(id);
  }
  const session = { id: randomUUID(), purpose, openedAt: now, upn: undefined };
  identity.pageSessions.set(session.id, session);
  return session;
}

function findSession(identity: Identity, request: IdentityRequest): PageSession | undefined {
  return identity.pageSessions.get(request.form.get('session') ?? '');
}

function sessionTarget(
  identity: Identity,
  session: PageSession,
): { app: AppRegistration; scopes: ScopeSet; tenantPath: string } {
  const { purpose } = session;
  const target = purpose.kind === 'device-code' ? identity.tenant.deviceCodes.get(purpose.deviceCode) : purpose;
  const app = target && identity.tenant.findApp(target.clientId);
  if (!target || !app) throw new Refusal(700016);
  return { app, scopes: target.scopes, tenantPath: target.tenantPath };
}

function chooseAccount(identity: Identity, request: IdentityRequest, session: PageSession, aadsts?: number): Answer {
  const { app, tenantPath } = sessionTarget(identity, session);
  const tid = identity.tenant.findTenant(tenantPath)?.tid;
  const accounts: Account[] = identity.tenant.accounts.filter((account) => !tid || account.tid === tid);
  const shown = { session: session.id, app: app.name, accounts: accounts.slice(0, 50) };
  return accountPage(request.language, aadsts === undefined ? shown : { ...shown, aadsts });
}

function appName(identity: Identity, clientId: string): string {
  return identity.tenant.findApp(clientId)?.name ?? clientId;
}
