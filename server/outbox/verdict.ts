/**
 * All failure policy of the outbox, by scope of damage: a recipient, a message, the session, the mailbox, the tenant, the server.
 * Pure: an outcome of the protocol and a little history in, one decision out. `deliver.ts` only applies it.
 *
 * The literal texts are those of Exchange Online; other servers are understood by their codes. A reply that no rule
 * knows is temporary when it begins with 4 and final when it begins with 5.
 */
import type { ErrorCode } from '../base/errors.ts';
import type { RecipientReply, SmtpOutcome, SmtpTrouble } from '../protocols/smtp/outcome.ts';
import type { SmtpPhase, SmtpReply } from '../protocols/smtp/replies.ts';

/** Why, with the words of the server where it said something. */
export type Cause = {
  readonly code: ErrorCode;
  readonly reply?: SmtpReply;
  readonly words?: string;
};

export type Verdict =
  /** The server has taken it. Recipients that it refused one by one are settled by themselves. */
  | { readonly kind: 'accepted'; readonly reply: SmtpReply; readonly recipients: RecipientVerdicts }
  /** Nobody was taken, and each recipient has its own answer. */
  | { readonly kind: 'recipients'; readonly cause: Cause; readonly recipients: RecipientVerdicts }
  | { readonly kind: 'later'; readonly cause: Cause; readonly wait: 'timetable' }
  | { readonly kind: 'split'; readonly cause: Cause; readonly atOnce: number }
  | { readonly kind: 'failed'; readonly cause: Cause }
  /** Only a person cures it, and it is about this message. */
  | { readonly kind: 'held'; readonly cause: Cause }
  | { readonly kind: 'uncertain'; readonly cause: Cause }
  /** The sign-in was taken and the mailbox did not open; after three tries it is for a person. */
  | { readonly kind: 'logon-failure'; readonly cause: Cause }
  /** The session was at its end; the message was not harmed and goes out over the next one. */
  | { readonly kind: 'reconnect' }
  | { readonly kind: 'refresh-token' }
  /** Nothing leaves through this mailbox until it is cured; one message tries again now and then. */
  | { readonly kind: 'mailbox-held'; readonly cause: Cause }
  | { readonly kind: 'mailbox-paused'; readonly cause: Cause; readonly wait: 'busy' | 'daily' }
  /** The tenant takes nothing to recipients outside of it for now; what stays inside is not concerned. */
  | { readonly kind: 'outside-paused'; readonly cause: Cause }
  | { readonly kind: 'server-paused'; readonly cause: Cause };

export type RecipientVerdicts = {
  readonly failed: readonly RecipientReply[];
  readonly later: readonly RecipientReply[];
  /** More than the server takes at once: they go out with the next transaction. */
  readonly next: readonly RecipientReply[];
};

export type MessageHistory = {
  /** Messages that this session has already sent: its end is then no trouble. */
  readonly sentInSession: number;
  readonly recipients: number;
  readonly bytes: number;
};

export type SignInHistory = { readonly withToken: boolean; readonly hasRefreshed: boolean };

/** How often a mailbox may refuse after the sign-in (430 4.2.0) before a person is asked. */
export const LOGON_TRIES = 3;

/** Decides about one message. */
export function judgeMessage(outcome: SmtpOutcome, history: MessageHistory): Verdict {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', reply: outcome.reply, recipients: judgeRecipients(outcome.refused) };
    case 'refused':
      return judgeRefusal(outcome, history);
    case 'lost':
      return judgeLoss(outcome, history);
    case 'too-large':
      return { kind: 'failed', cause: { code: 'message-too-large', words: outcome.words } };
    case 'not-read':
      return { kind: 'later', cause: { code: 'message-deferred' }, wait: 'timetable' };
    case 'unreachable':
    case 'untrusted':
      return judgeSession(outcome, { withToken: false, hasRefreshed: true });
  }
}

/** Decides about a session that did not come about; no message was in it. */
export function judgeSession(trouble: SmtpTrouble, history: SignInHistory): Verdict {
  switch (trouble.kind) {
    case 'unreachable':
      return { kind: 'server-paused', cause: { code: 'server-unreachable', words: trouble.words } };
    case 'untrusted':
      return { kind: 'server-paused', cause: { code: 'server-tls-refused', words: trouble.words } };
    case 'refused':
      return trouble.phase === 'auth'
        ? judgeSignIn(trouble.reply, history)
        : { kind: 'server-paused', cause: causeOf(greetingCode(trouble.reply), trouble.reply) };
    case 'lost':
      return { kind: 'server-paused', cause: { code: 'server-unreachable', words: trouble.words } };
    case 'too-large':
    case 'not-read':
      return { kind: 'server-paused', cause: { code: 'server-unreachable' } };
  }
}

/** A server that refuses before anybody has signed in. Exchange calls TLS that is too old temporary; it is not. */
function greetingCode(reply: SmtpReply): ErrorCode {
  if (reply.enhanced === '4.7.66') return 'server-tls-refused';
  return isTemporary(reply) ? 'too-busy' : 'server-unreachable';
}

type Rule = {
  readonly enhanced?: string;
  readonly code?: number;
  readonly text?: RegExp;
  readonly phases?: readonly SmtpPhase[];
  readonly verdict: (cause: (code: ErrorCode) => Cause, history: MessageHistory) => Verdict;
};

const HELD_SIGN_IN: readonly { readonly text: RegExp; readonly code: ErrorCode }[] = [
  { text: /SmtpClientAuthentication is disabled for the Tenant/i, code: 'smtp-auth-off-tenant' },
  { text: /SmtpClientAuthentication is disabled for the Mailbox/i, code: 'smtp-auth-off-mailbox' },
  { text: /basic authentication is (disabled|not supported)/i, code: 'password-login-ends' },
  { text: /security defaults/i, code: 'smtp-blocked-security-defaults' },
  { text: /did not meet the criteria/i, code: 'smtp-refused-by-policy' },
  { text: /Mailbox cannot be accessed/i, code: 'mailbox-not-accessible' },
];

/** AUTH: nothing is wrong with any message, and everything that waits shares the fate. */
function judgeSignIn(reply: SmtpReply, history: SignInHistory): Verdict {
  const known = HELD_SIGN_IN.find(({ text }) => text.test(reply.text));
  if (known !== undefined) return { kind: 'mailbox-held', cause: causeOf(known.code, reply) };
  if (reply.enhanced === '5.7.139') return { kind: 'mailbox-held', cause: causeOf('smtp-refused-by-policy', reply) };
  if (reply.enhanced === '5.7.30') return { kind: 'mailbox-held', cause: causeOf('password-login-ends', reply) };
  if (reply.code === 421 || isTemporary(reply)) return { kind: 'server-paused', cause: causeOf('too-busy', reply) };
  // 535 5.7.3: the token may have been withdrawn a moment ago; a fresh one decides.
  if (history.withToken && !history.hasRefreshed && reply.code === 535) return { kind: 'refresh-token' };
  return { kind: 'mailbox-held', cause: causeOf('sign-in-refused', reply) };
}

const AFTER_MAIL: readonly SmtpPhase[] = ['mail', 'data', 'content', 'dot'];

/** The first rule that fits decides; what is about the mailbox stands before what is about the message. */
const RULES: readonly Rule[] = [
  {
    code: 432,
    verdict: (cause) => ({ kind: 'mailbox-paused', cause: cause('too-busy'), wait: 'busy' }),
  },
  {
    text: /concurrent connections limit|sender thread limit/i,
    verdict: (cause) => ({ kind: 'mailbox-paused', cause: cause('too-busy'), wait: 'busy' }),
  },
  {
    code: 421,
    verdict: (cause, history) =>
      history.sentInSession > 0 ? { kind: 'reconnect' } : { kind: 'server-paused', cause: cause('too-busy') },
  },
  { code: 430, verdict: (cause) => ({ kind: 'logon-failure', cause: cause('shared-mailbox-no-access') }) },
  {
    text: /mailbox logon failure|MapiExceptionLogonFailed/i,
    verdict: (cause) => ({ kind: 'logon-failure', cause: cause('shared-mailbox-no-access') }),
  },
  { enhanced: '5.2.252', verdict: (cause) => ({ kind: 'held', cause: cause('sender-not-allowed') }) },
  { enhanced: '5.7.60', verdict: (cause) => ({ kind: 'held', cause: cause('sender-not-allowed') }) },
  { text: /SendAsDenied/i, verdict: (cause) => ({ kind: 'held', cause: cause('sender-not-allowed') }) },
  // As Postfix says it, to MAIL or to each RCPT.
  {
    text: /sender address rejected: not (owned by|logged in)/i,
    verdict: (cause) => ({ kind: 'held', cause: cause('sender-not-allowed') }),
  },
  {
    text: /SubmissionQuotaExceeded/i,
    verdict: (cause) => ({ kind: 'mailbox-paused', cause: cause('daily-limit'), wait: 'daily' }),
  },
  { enhanced: '5.1.90', verdict: (cause) => ({ kind: 'mailbox-paused', cause: cause('daily-limit'), wait: 'daily' }) },
  { enhanced: '5.7.233', verdict: pauseOutside },
  { enhanced: '5.7.232', verdict: pauseOutside },
  {
    text: /bad outbound sender|AS\(42004\)/i,
    verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('sender-blocked') }),
  },
  // Before the message was seen others say this of a domain that they do not know (RFC 3463 section 3.2).
  {
    enhanced: '5.1.8',
    phases: ['dot'],
    verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('sender-blocked') }),
  },
  { enhanced: '5.7.30', verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('password-login-ends') }) },
  { enhanced: '5.7.57', verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('sign-in-refused') }) },
  { code: 530, phases: ['mail'], verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('sign-in-refused') }) },
  {
    enhanced: '5.2.2',
    phases: AFTER_MAIL,
    verdict: (cause) => ({ kind: 'mailbox-held', cause: cause('sender-mailbox-full') }),
  },
  {
    enhanced: '5.3.4',
    phases: AFTER_MAIL,
    verdict: (cause) => ({ kind: 'failed', cause: cause('message-too-large') }),
  },
  { code: 552, phases: AFTER_MAIL, verdict: (cause) => ({ kind: 'failed', cause: cause('message-too-large') }) },
  { text: /RecipLimit|too many recipients/i, phases: AFTER_MAIL, verdict: halve },
  { enhanced: '5.5.3', phases: ['dot'], verdict: halve },
  // The session and we have lost each other; the message was not looked at.
  {
    code: 503,
    verdict: (cause, history) =>
      history.sentInSession > 0
        ? { kind: 'reconnect' }
        : { kind: 'later', cause: cause('message-deferred'), wait: 'timetable' },
  },
];

function pauseOutside(cause: (code: ErrorCode) => Cause): Verdict {
  return { kind: 'outside-paused', cause: cause('tenant-recipient-limit') };
}

function halve(cause: (code: ErrorCode) => Cause, history: MessageHistory): Verdict {
  if (history.recipients < 2) return { kind: 'failed', cause: cause('message-refused') };
  return { kind: 'split', cause: cause('message-deferred'), atOnce: Math.floor(history.recipients / 2) };
}

function judgeRefusal(
  outcome: SmtpTrouble & { readonly kind: 'refused'; readonly refused?: readonly RecipientReply[] },
  history: MessageHistory,
): Verdict {
  const { reply, phase, refused = [] } = outcome;
  const known = findRule(reply, phase);
  if (known !== undefined) return known.verdict((code) => causeOf(code, reply), history);
  if (phase === 'rcpt' && refused.length > 0) {
    // Said for good to each of them, it is no word about those that come later: fewer are tried.
    const isForGood = refused.every((one) => isTooMany(one) && one.reply.code >= 500);
    if (isForGood) return halve((code) => causeOf(code, reply), history);
    return { kind: 'recipients', cause: causeOf('recipient-refused', reply), recipients: judgeRecipients(refused) };
  }
  if (isTemporary(reply)) return { kind: 'later', cause: causeOf('message-deferred', reply), wait: 'timetable' };
  // RFC 5321 section 4.3.2: 1yz, 2yz and 3yz in the wrong place are a server that is out of step.
  if (reply.code < 500) return { kind: 'later', cause: causeOf('message-deferred', reply), wait: 'timetable' };
  // Nothing but the sender was said yet: the next message of that sender would fare the same until somebody cures it.
  if (phase === 'mail' && SENDER_REFUSED.has(reply.code)) {
    return { kind: 'held', cause: causeOf('sender-refused', reply) };
  }
  return { kind: 'failed', cause: causeOf('message-refused', reply) };
}

// 552 is about the size that MAIL announces, and stands among the rules; 50x is about the command.
const SENDER_REFUSED: ReadonlySet<number> = new Set([550, 551, 553, 554]);

function findRule(reply: SmtpReply, phase: SmtpPhase): Rule | undefined {
  return RULES.find(
    (rule) =>
      (rule.code === undefined || rule.code === reply.code) &&
      (rule.enhanced === undefined || rule.enhanced === reply.enhanced) &&
      (rule.text === undefined || rule.text.test(reply.text)) &&
      (rule.phases === undefined || rule.phases.includes(phase)),
  );
}

function judgeLoss(loss: SmtpTrouble & { readonly kind: 'lost' }, history: MessageHistory): Verdict {
  const { words } = loss;
  if (loss.isUncertain) return { kind: 'uncertain', cause: { code: 'outcome-uncertain', words } };
  if (loss.phase === 'content' || loss.phase === 'dot') {
    // It broke in the middle of this message, and may do so again: others go first.
    return { kind: 'later', cause: { code: 'server-unreachable', words }, wait: 'timetable' };
  }
  if (history.sentInSession > 0) return { kind: 'reconnect' };
  return { kind: 'server-paused', cause: { code: 'server-unreachable', words } };
}

function judgeRecipients(refused: readonly RecipientReply[]): RecipientVerdicts {
  const rest = refused.filter((one) => !isTooMany(one));
  return {
    next: refused.filter(isTooMany),
    later: rest.filter(({ reply }) => reply.code < 500 || isTenantLimit(reply)),
    failed: rest.filter(({ reply }) => reply.code >= 500 && !isTenantLimit(reply)),
  };
}

function isTooMany({ reply }: RecipientReply): boolean {
  return reply.enhanced === '4.5.3' || reply.enhanced === '5.5.3' || /RecipLimit|too many recipients/i.test(reply.text);
}

/** 550 5.7.233, of a trial tenant 5.7.232: no fault of the recipient, and over with the day. */
export function isTenantLimit(reply: SmtpReply): boolean {
  return reply.enhanced === '5.7.233' || reply.enhanced === '5.7.232';
}

function isTemporary(reply: SmtpReply): boolean {
  return reply.code >= 400 && reply.code < 500;
}

function causeOf(code: ErrorCode, reply: SmtpReply): Cause {
  return { code, reply };
}
