/**
 * Answers that several causes end in, the most likely one first. Each says who looks, where, and which command shows
 * whether it is this one; the command changes nothing. Cause and way to find out stand in `locales` under `causes.<id>`.
 */
import type { Command } from './commands.ts';
import type { Who } from './failure.ts';
import type { Place } from './places.ts';

export type Cause = { readonly who: Who; readonly place?: Place; readonly command?: Command };

const EXCHANGE = 'exchange-administrator';
const ENTRA = 'entra-administrator';
const PLATEN = 'platen-administrator';

export const CAUSES = {
  policy: { who: ENTRA, place: 'sign-in-logs' },
  'smtp-switch': { who: EXCHANGE, place: 'mail-apps', command: 'show-smtp-auth' },
  'security-defaults': { who: ENTRA, place: 'security-defaults' },
  'account-blocked': { who: ENTRA, place: 'users' },
  'other-account': { who: EXCHANGE, command: 'show-addresses' },
  'token-ended': { who: PLATEN },
  'token-of-other-service': { who: PLATEN },
  'imap-off': { who: EXCHANGE, place: 'mail-apps', command: 'show-mail-apps' },
  'pop3-off': { who: EXCHANGE, place: 'mail-apps', command: 'show-mail-apps' },
  'no-license': { who: 'license-administrator', place: 'licenses', command: 'show-mailbox' },
  'no-right': { who: EXCHANGE, place: 'mailbox-delegation', command: 'show-full-access' },
  'right-is-new': { who: 'nobody' },
  'too-many-sessions': { who: PLATEN },
  'mailbox-moves': { who: EXCHANGE, command: 'show-move' },
  'mailbox-gone': { who: EXCHANGE, command: 'show-mailbox' },
  'no-send-as': { who: EXCHANGE, place: 'mailbox-delegation', command: 'show-send-as' },
  'on-behalf-only': { who: EXCHANGE, place: 'mailbox-delegation', command: 'show-on-behalf' },
  'alias-as-sender': { who: EXCHANGE, place: 'mail-flow-settings', command: 'show-alias-sending' },
  'slowed-down': { who: 'nobody' },
  'out-of-step': { who: 'project' },
  'wrong-password': { who: PLATEN },
  'too-many-logins': { who: 'nobody' },
} as const satisfies Readonly<Record<string, Cause>>;
export type CauseId = keyof typeof CAUSES;

/** By the id of the answer. */
export const CAUSES_OF: Readonly<Record<string, readonly CauseId[]>> = {
  'smtp-policy': ['policy', 'smtp-switch', 'security-defaults', 'account-blocked'],
  'smtp-sign-in-refused': ['other-account', 'token-ended', 'token-of-other-service'],
  'smtp-no-mailbox': ['no-license', 'mailbox-moves', 'mailbox-gone'],
  'smtp-logon-failure': ['no-right', 'right-is-new'],
  'smtp-send-as-denied': ['no-send-as', 'right-is-new', 'on-behalf-only', 'alias-as-sender'],
  'imap-auth-failed': ['imap-off', 'other-account', 'token-ended', 'token-of-other-service'],
  'imap-not-connected': ['no-license', 'imap-off', 'no-right', 'right-is-new', 'too-many-sessions'],
  'imap-closed': ['slowed-down', 'out-of-step'],
  'pop3-auth-failed': ['pop3-off', 'no-right', 'other-account', 'token-ended', 'token-of-other-service'],
  'pop3-logon-failed': ['wrong-password', 'too-many-logins'],
};
