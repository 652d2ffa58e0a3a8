/**
 * What becomes of one sign-in: by a person on the page, or by a test through the control surface.
 * The two places of refusal are kept apart, because a refusal in the browser leaves the polling client at "pending".
 * The local part of a practice address may choose the outcome: `blocked-53003@`, `stuck-90094@`, `declines@`, …
 */

import type { SignIn, SignInFlow } from '../tenant.ts';
import { type Account, type AppRegistration, type DeviceCode, PERSONAL_TENANT_ID, type ScopeSet } from '../tenant.ts';
import { aadstsSeen } from './answers.ts';
import type { Identity } from './identity.ts';
import { mayUserConsent, missingConsent } from './scopes.ts';

export type SignInAttempt = {
  readonly app: AppRegistration;
  readonly tenantPath: string;
  readonly scopes: ScopeSet;
  readonly flow: SignInFlow;
};

export type SignInOutcome =
  | { readonly kind: 'signed-in'; readonly signIn: SignIn }
  | { readonly kind: 'declined' }
  | { readonly kind: 'refused'; readonly seen: 'browser' | 'token'; readonly aadsts: number };

export type SignInChoice = {
  readonly account: Account;
  readonly action: 'confirm' | 'decline';
  readonly aadsts?: number | undefined; // what shall happen instead, chosen on the page
};

/** The account of an address; practice addresses whose local part names an outcome come into being on first use. */
export function accountFor(identity: Identity, address: string): Account | undefined {
  const known = identity.tenant.findAccount(address);
  if (known) return known;
  const wanted = address.trim().toLowerCase();
  const at = wanted.lastIndexOf('@');
  if (at < 1 || !identity.tenant.findTenant(wanted.slice(at + 1))) return undefined;
  const local = wanted.slice(0, at);
  const steered = steeredBy(local);
  return steered && identity.tenant.addAccount({ upn: wanted, name: local, ...steered });
}

/** Decides a sign-in without changing anything but a consent that the person gives on the way. */
export function decideSignIn(identity: Identity, attempt: SignInAttempt, choice: SignInChoice): SignInOutcome {
  const { account } = choice;
  const inBrowser = (aadsts: number): SignInOutcome => ({ kind: 'refused', seen: 'browser', aadsts });
  const local = account.upn.slice(0, account.upn.indexOf('@'));
  if (!belongsHere(identity, attempt, account)) return inBrowser(50020);
  if (account.isDisabled) return inBrowser(50057);
  if (choice.action === 'decline' || local === 'declines') return { kind: 'declined' };
  const problem = choice.aadsts ?? account.signInProblem;
  if (problem !== undefined) {
    const seen = local.startsWith('stuck-') ? 'browser' : aadstsSeen(problem);
    return { kind: 'refused', seen, aadsts: problem };
  }
  const policy = identity.tenant.findTenant(account.tid)?.deviceCodePolicy ?? 'allowed';
  if (attempt.flow === 'device-code' && policy !== 'allowed') {
    return { kind: 'refused', seen: 'token', aadsts: policy === 'security-defaults' ? 530035 : 53003 };
  }
  if (attempt.app.isDisabled) return inBrowser(7000112);
  if (attempt.app.isAssignmentRequired && !attempt.app.assigned.includes(account.oid)) return inBrowser(50105);
  const missing = missingConsent(identity.tenant, attempt.app.clientId, account, attempt.scopes);
  if (missing.length > 0) {
    if (!account.isAdmin && !mayUserConsent(missing)) return inBrowser(90094);
    giveConsent(identity, attempt, { account, names: missing });
  }
  return {
    kind: 'signed-in',
    signIn: {
      oid: account.oid,
      tid: account.tid,
      flow: attempt.flow,
      method: account.signInMethod,
      authenticatedAt: identity.tenant.clock.now(),
    },
  };
}

export type CodeProblem = 90119 | 70018 | 70019 | 90120;

/** The open login of a user code as typed, or the number that the page shows. */
export function openDeviceCode(identity: Identity, typed: string): DeviceCode | CodeProblem {
  const userCode = typed.replace(/[\s-]/g, '').toUpperCase();
  if (!userCode) return 90119;
  const code = [...identity.tenant.deviceCodes.values()].find((candidate) => candidate.userCode === userCode);
  if (!code) return 70018;
  if (identity.tenant.clock.now() >= code.expiresAt) return 70019;
  return code.state.kind === 'pending' ? code : 90120;
}

/** Confirms or declines a device code as an account and leaves the state that the next poll meets. */
export function answerDeviceCode(identity: Identity, code: DeviceCode, choice: SignInChoice): SignInOutcome {
  const app = identity.tenant.findApp(code.clientId);
  const attempt = { tenantPath: code.tenantPath, scopes: code.scopes, flow: 'device-code' as const };
  const outcome: SignInOutcome = app
    ? decideSignIn(identity, { ...attempt, app }, choice)
    : { kind: 'refused', seen: 'browser', aadsts: 700016 };
  if (outcome.kind === 'signed-in') code.state = { kind: 'confirmed', signIn: outcome.signIn };
  else if (outcome.kind === 'declined') code.state = { kind: 'declined' };
  else if (outcome.seen === 'browser') code.state = { kind: 'pending', browserRefusal: outcome.aadsts };
  else code.state = { kind: 'refused', aadsts: outcome.aadsts, account: choice.account.upn };
  return outcome;
}

/** Says whether an account may sign in at this tenant value with this registration. */
function belongsHere(identity: Identity, attempt: SignInAttempt, account: Account): boolean {
  const asked = identity.tenant.findTenant(attempt.tenantPath);
  const isPersonal = account.tid === PERSONAL_TENANT_ID;
  if (asked) return account.tid === asked.tid;
  if (attempt.tenantPath === 'consumers') return isPersonal;
  if (attempt.tenantPath === 'organizations') return !isPersonal;
  return !isPersonal || attempt.app.audience === 'multi-and-personal';
}

/** An administrator consents for the organization, anybody else for the own account. */
function giveConsent(identity: Identity, attempt: SignInAttempt, given: { account: Account; names: string[] }): void {
  const { account } = given;
  const names = given.names.includes('.default') ? attempt.app.permissions : given.names;
  const consent = { clientId: attempt.app.clientId, tid: account.tid, names };
  identity.tenant.grantConsent(account.isAdmin ? consent : { ...consent, oid: account.oid });
}

/**
 * What a local part chooses: `disabled`, `declines`, `nomailbox`, `refresh-<number>` (signs in, later refresh fails),
 * `other-user`, `other-tenant` (foreign id_token), or `<word>-<number>` (this AADSTS number at sign-in;
 * the word `stuck` shows it in the browser only, so that polling stays pending).
 */
function steeredBy(local: string): Partial<Account> | undefined {
  if (local === 'disabled') return { isDisabled: true };
  if (['declines', 'other-user', 'other-tenant'].includes(local)) return {};
  if (local === 'nomailbox') return { hasMailbox: false };
  const refresh = /^refresh-(\d{4,7})$/.exec(local);
  if (refresh) return { refreshProblem: Number(refresh[1]) };
  const problem = /^[a-z][a-z-]*-(\d{4,7})$/.exec(local);
  return problem ? { signInProblem: Number(problem[1]) } : undefined;
}
