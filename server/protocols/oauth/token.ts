import { describeTransient, readObject, readRefusal, type Transient } from './answer.ts';
import { askTokenServer, type TenantEndpoints } from './client.ts';
import { type Refused, readLastingRefusal } from './device-code.ts';
import type { Call } from './https.ts';
import { flawOfSuccess, readTokens, type Tokens, type Unusable } from './tokens.ts';

/** `refused` needs a person, `transient` needs time, `unusable` is an answer nothing of which may be kept. */
export type RefreshOutcome = { readonly kind: 'granted'; readonly tokens: Tokens } | Refused | Unusable | Transient;

/**
 * Redeems a refresh token for the named scopes (RFC 6749 section 6). At Microsoft the old refresh token stays good
 * after its use, so the caller keeps it until the new one is durable. The scopes may belong to another resource that
 * was consented to, such as Graph. Throws only the reason of the caller's signal.
 */
export async function redeemRefreshToken(
  asked: {
    readonly endpoints: TenantEndpoints;
    readonly clientId: string;
    readonly refreshToken: string;
    readonly scopes: readonly string[];
  },
  call: Call,
): Promise<RefreshOutcome> {
  const reply = await askTokenServer({ kind: 'refresh', ...asked }, call);
  if (reply.kind === 'unreachable') return { kind: 'transient', words: reply.words };
  if (reply.kind === 'success') {
    const reading = readTokens(reply.answer, reply.body, { now: call.now, askedScopes: asked.scopes });
    return reading.kind === 'read' ? { kind: 'granted', tokens: reading.tokens } : reading;
  }
  if (readRefusal(reply.answer, []) !== undefined) {
    return readLastingRefusal(reply.answer, [asked.refreshToken], call.now);
  }
  const flaw = reply.answer.status === 200 ? flawOfSuccess(reply.flaw, readObject(reply.answer.body)) : undefined;
  if (flaw !== undefined) return { kind: 'unusable', flaw };
  return describeTransient(reply.answer, undefined, call.now);
}
