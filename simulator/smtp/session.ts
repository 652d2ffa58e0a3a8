/**
 * What is known of one SMTP conversation, and what all conversations of a server share. States:
 *
 *   greeted → secured → authenticated → transaction (→ authenticated …)     the normal way; EHLO comes before and after TLS
 *   any → muted                                                            a lost connection that nobody has noticed yet
 *   any → over
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SecureContext } from 'node:tls';
import type { Mailboxes } from '../imap/mailboxes.ts';
import { type Faults, type Occasion, type Phase, wordsOf } from './faults.ts';
import type { Counters, Ledger } from './ledger.ts';
import { FRONT_END, type Stamp, type Wording } from './replies.ts';
import type { Switches } from './switches.ts';
import type { Wire } from './wire.ts';

export type AccessToken = {
  readonly username: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
};

/** What this part needs to know of the tenant. */
export type Tenant = {
  findAccessToken(token: string): AccessToken | undefined;
  findAccount(address: string): { readonly tid: string; hasMailbox: boolean; isDisabled: boolean } | undefined;
  findTenant(domain: string): { readonly tid: string } | undefined;
  /** All addresses of the mailbox, the one that names it first; empty for an unknown one. */
  addressesOf(address: string): readonly string[];
  mayOpenMailbox(username: string, address: string): boolean;
  maySendAs(username: string, address: string): boolean;
  readonly sharedMailboxes: ReadonlyMap<string, unknown>;
};

export type Shared = {
  readonly tenant: Tenant;
  readonly mailboxes: Mailboxes;
  readonly faults: Faults;
  readonly switches: Switches;
  readonly counters: Counters;
  readonly ledger: Ledger;
  readonly sessions: ReadonlySet<Session>;
  readonly secureContext: SecureContext;
  readonly now: () => Date;
  /** Fires when the server closes, so that nobody waits for a slow answer any longer. */
  readonly stop: AbortSignal;
};

export type Login = {
  /** As the client wrote it. */
  readonly user: string;
  /** The one name of the mailbox that `user` opens. */
  readonly mailbox: string;
  readonly token: AccessToken;
  /** Grows with each login: the first sessions of a mailbox keep their right when there are too many. */
  readonly order: number;
};

export type Transaction = {
  readonly sender: string;
  readonly body: string;
  readonly encoding: 'ascii' | 'utf8';
  readonly recipients: string[];
  readonly chunks: Buffer[];
  /** A chunk was over the limit: the message is refused when its last one has come. */
  isTooLarge: boolean;
};

export type Session = {
  readonly id: number;
  readonly wire: Wire;
  readonly ip: string;
  readonly startedAt: Date;
  hello: string | undefined;
  login: Login | undefined;
  transaction: Transaction | undefined;
  errors: number;
  messages: number;
};

/** Instead of a reply, when the connection is lost or nothing may be said any more. */
export const NOTHING = '';

export function newSession(id: number, given: { wire: Wire; ip: string; startedAt: Date }): Session {
  return { id, ...given, hello: undefined, login: undefined, transaction: undefined, errors: 0, messages: 0 };
}

export function stampOf(session: Session, shared: Shared): Stamp {
  const id = `08DF${session.id.toString(16).padStart(12, '0')}`.toUpperCase();
  return { host: FRONT_END, at: shared.now(), id };
}

export function inWords(wording: Wording, session: Session, shared: Shared, sender = ''): string {
  const login = session.login?.user ?? '';
  return wording(stampOf(session, shared), { login, sender: sender || (session.transaction?.sender ?? '') });
}

export type Meeting = {
  readonly phase: Phase;
  readonly when?: 'before' | 'after';
  /** The address that this command names. */
  readonly address?: string;
  readonly identity?: string;
};

export function occasionOf(session: Session, meeting: Meeting): Occasion {
  const { login, transaction } = session;
  const known = [login?.user, transaction?.sender, ...(transaction?.recipients ?? []), meeting.address];
  const present = known.filter((address): address is string => address !== undefined && address !== '');
  const isWhole = meeting.phase === 'content' || meeting.phase === 'end-of-data';
  const own = meeting.address ?? login?.user;
  return { ...meeting, present, bringing: isWhole ? present : own ? [own] : [] };
}

/** Lets the fault of this moment happen: the reply that it gives, NOTHING after a loss, undefined when all goes on as usual. */
export async function meet(session: Session, shared: Shared, meeting: Meeting): Promise<string | undefined> {
  const fault = shared.faults.take(occasionOf(session, meeting));
  const deed = fault?.deed;
  if (deed?.kind === 'reply') {
    const who = { login: session.login?.user ?? '', sender: session.transaction?.sender ?? '' };
    return wordsOf(deed, stampOf(session, shared), who);
  }
  if (deed?.kind === 'delay') await pause(deed.ms, shared, fault?.ended);
  if (deed?.kind !== 'lose') return undefined;
  shared.counters.lost += 1;
  session.wire.lose(deed.how);
  return NOTHING;
}

export async function pause(ms: number, shared: Shared, ended?: AbortSignal): Promise<void> {
  // Beside that only the end of the server shortens it; whoever waited finds the connection closed.
  const signal = ended === undefined ? shared.stop : AbortSignal.any([shared.stop, ended]);
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
