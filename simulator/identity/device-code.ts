/**
 * The device authorization grant (RFC 8628) as the platform speaks it.
 * pending -> confirmed -> used; pending -> declined | refused; anything -> expired by the clock.
 */
import { randomBytes, randomInt } from 'node:crypto';
import type { DeviceCode, PracticeTenant } from '../tenant.ts';
import { type Answer, jsonAnswer, Refusal } from './answers.ts';
import type { Identity, IdentityRequest, Language } from './identity.ts';
import { readScopes } from './scopes.ts';
import { issueTokens, type TokenAnswer } from './tokens.ts';

const USER_CODE_LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const DAY_MS = 24 * 60 * 60_000;

const MESSAGES: Readonly<Record<Language, (uri: string, code: string) => string>> = {
  en: (uri, code) =>
    `To sign in, use a web browser to open the page ${uri} and enter the code ${code} to authenticate.`,
  it: (uri, code) => `Per accedere, apri la pagina ${uri} in un browser e inserisci il codice ${code}.`,
};

/** Answers a devicecode request; the caller has already checked tenant and registration. */
export function startDeviceCode(identity: Identity, request: IdentityRequest, clientId: string): Answer {
  const { tenant } = identity;
  const scope = request.form.get('scope');
  if (!scope) throw new Refusal(900144, { text: missing('scope') });
  const scopes = readScopes(scope, identity.authority);
  const now = tenant.clock.now();
  forgetOldCodes(tenant, now);
  const isPersonal = request.tenantPath === 'consumers';
  const code: DeviceCode = {
    deviceCode: `LAQABAAEAAAD${randomBytes(240).toString('base64url')}`,
    userCode: freshUserCode(tenant, isPersonal ? 8 : 9),
    tenantPath: request.tenantPath.toLowerCase(),
    clientId,
    scopes,
    issuedAt: now,
    expiresAt: new Date(now.getTime() + tenant.settings.deviceCodeSeconds * 1000),
    intervalSeconds: tenant.settings.intervalSeconds,
    state: { kind: 'pending' },
    lastPolledAt: undefined,
    polls: 0,
  };
  tenant.deviceCodes.set(code.deviceCode, code);
  const uri = tenant.settings.verificationUri ?? `${identity.authority}/${isPersonal ? 'link' : 'devicelogin'}`;
  return jsonAnswer({
    user_code: code.userCode,
    device_code: code.deviceCode,
    verification_uri: uri,
    expires_in: tenant.settings.deviceCodeSeconds,
    interval: code.intervalSeconds,
    message: MESSAGES[request.language](uri, code.userCode),
  });
}

/** Redeems a device code: the tokens, or a `Refusal` for each state of RFC 8628 section 3.5 and the platform's own. */
export function redeemDeviceCode(identity: Identity, request: IdentityRequest, clientId: string): TokenAnswer {
  const { tenant } = identity;
  const given = request.form.get('device_code') ?? request.form.get('code'); // the short grant name came with `code`
  if (!given) throw new Refusal(900144, { text: missing('device_code') });
  const code = tenant.deviceCodes.get(given);
  if (!code) throw new Refusal(70018);
  if (code.clientId !== clientId) throw new Refusal(70000);
  if (code.tenantPath !== request.tenantPath.toLowerCase()) throw new Refusal(700005);
  const now = tenant.clock.now();
  const sinceLastMs = now.getTime() - (code.lastPolledAt?.getTime() ?? 0);
  code.lastPolledAt = now;
  code.polls += 1;
  if (code.state.kind === 'used') throw new Refusal(54005);
  if (now >= code.expiresAt) throw new Refusal(70020);
  switch (code.state.kind) {
    case 'declined':
      throw new Refusal(undefined, {
        error: 'authorization_declined',
        text: 'The user declined the authorization request.',
      });
    case 'refused':
      throw new Refusal(code.state.aadsts);
    case 'pending': {
      // Timers fire a little early and networks jitter: half a second is not "too fast".
      const isTooFast = sinceLastMs < code.intervalSeconds * 1000 - 500;
      if (isTooFast && tenant.settings.pollingTooFast === 'slow-down') {
        throw new Refusal(undefined, { error: 'slow_down', text: 'Polling is faster than the interval allows.' });
      }
      throw new Refusal(70016);
    }
    case 'confirmed': {
      const { signIn } = code.state;
      const account = tenant.findAccountByOid(signIn.oid);
      if (!account) throw new Refusal(50034);
      code.state = { kind: 'used' };
      const wantsClientInfo = request.form.get('client_info') === '1';
      return issueTokens(identity, { clientId, account, signIn, scopes: code.scopes, wantsClientInfo });
    }
  }
}

export function missing(parameter: string): string {
  return `The request body must contain the following parameter: '${parameter}'.`;
}

function freshUserCode(tenant: PracticeTenant, length: number): string {
  const taken = new Set([...tenant.deviceCodes.values()].map((code) => code.userCode));
  for (;;) {
    const letters = Array.from({ length }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]);
    const code = letters.join('');
    if (!taken.has(code)) return code;
  }
}

function forgetOldCodes(tenant: PracticeTenant, now: Date): void {
  for (const [key, code] of tenant.deviceCodes) {
    if (now.getTime() - code.expiresAt.getTime() > DAY_MS) tenant.deviceCodes.delete(key);
  }
}
