/** From what Microsoft answered to an error with advice: by the AADSTS number where it is known, else in its own words. */
import { hasText } from '../../locales/locales.ts';
import { PlatenError } from '../base/errors.ts';
import type { Refusal, Transient } from '../protocols/oauth/answer.ts';
import type { Unusable } from '../protocols/oauth/tokens.ts';
import { factsOf } from './connection.ts';

type RefusalCode = 'device-code-refused' | 'login-declined' | 'login-expired' | 'connection-needs-confirmation';

/** An error that carries Microsoft's words, the number and the marks for its support. */
export function refusalError(code: RefusalCode, refusal: Refusal): PlatenError {
  const number = refusal.aadsts === undefined ? '' : ` (AADSTS${refusal.aadsts})`;
  return new PlatenError(code, `Microsoft refused: ${refusal.error}${number}`, {
    remote: refusal.description === '' ? refusal.error : refusal.description,
    facts: factsOf(refusal),
    values: explainNumber(refusal.aadsts),
  });
}

/** Names the texts that explain a number; those of `other` point to Microsoft's own words. */
function explainNumber(aadsts: number | undefined): { readonly reasonText: string; readonly actionText: string } {
  const name = aadsts !== undefined && hasText('en', `aadsts.${aadsts}.meaning`) ? String(aadsts) : 'other';
  return { reasonText: `aadsts.${name}.meaning`, actionText: `aadsts.${name}.action` };
}

export function unreachableError(outcome: Transient): PlatenError {
  return new PlatenError('identity-unreachable', `Microsoft could not be asked: ${outcome.words}`, {
    remote: outcome.words,
    ...(outcome.refusal === undefined ? {} : { facts: factsOf(outcome.refusal) }),
    ...(outcome.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: outcome.retryAfterSeconds }),
  });
}

/** What Microsoft granted cannot be used; nothing of it is kept. */
export function unusableError(outcome: Unusable): PlatenError {
  const skew = outcome.clockSkewSeconds;
  return new PlatenError('login-unusable', `what Microsoft granted cannot be used: ${outcome.flaw}`, {
    facts: { flaw: outcome.flaw, ...(skew === undefined ? {} : { clockSkewSeconds: skew }) },
    values: { reasonText: `connections.flaws.${outcome.flaw}`, clockSkewSeconds: skew ?? 0 },
  });
}
