/**
 * Who may enter: the capability lines of Exchange's front ends, the XOAUTH2 string, and what makes a token good for IMAP.
 */

import { ARGUMENT_ERROR, CommandError, textOf } from './grammar.ts';
import type { Answer, Command, Profile, Session } from './session.ts';

/** What this part needs to know of the tenant. */
export type Tenant = {
  findAccessToken(token: string): AccessToken | undefined;
  mayOpenMailbox(username: string, address: string): boolean;
  /** All addresses of the mailbox, the one that names it first; empty for an unknown one. */
  addressesOf?(address: string): readonly string[];
};

export type AccessToken = {
  readonly username: string;
  readonly audience: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date;
};

export const PROFILES: readonly Profile[] = ['classic', 'login-disabled', 'rev2'];

const BEFORE_LOGIN: Record<Profile, string> = {
  classic: 'IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+',
  'login-disabled':
    'IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+',
  rev2: 'IMAP4 IMAP4rev1 AUTH=XOAUTH2 LOGINDISABLED SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+',
};

const AFTER_LOGIN =
  'IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CLIENTACCESSRULES ' +
  'CLIENTNETWORKPRESENCELOCATION BACKENDAUTHENTICATE CHILDREN IDLE NAMESPACE LITERAL+';

export function capabilities(profile: Profile, moment: 'before-login' | 'after-login'): string {
  if (moment === 'before-login') return BEFORE_LOGIN[profile];
  return profile === 'rev2' ? `${AFTER_LOGIN} ENABLE IMAP4rev2 BACKENDAUTHENTICATE-IR` : AFTER_LOGIN;
}

export function greeting(profile: Profile): string {
  const server = Buffer.from('PRACTICE.EURPRD01.PROD.OUTLOOK.COM', 'utf16le').toString('base64');
  if (profile !== 'rev2') return `* OK The Microsoft Exchange IMAP4 service is ready. [${server}]`;
  const session = '6f1d2c3a-0b4e-4c5d-8e9f-1a2b3c4d5e6f';
  return `* OK Microsoft Exchange IMAP4 service ready. ${session} (tcpproxy/15.21.0406.000 BACKENDAUTHENTICATE) [${server}]`;
}

export type Credentials = { readonly user: string; readonly secret: string };

/** Reads `user=…^Aauth=Bearer …^A^A`; undefined when it is anything else. */
export function parseXoauth2(base64: string): Credentials | undefined {
  const text = decodeStrictBase64(base64);
  const match = /^user=([^\x01]+)\x01auth=Bearer ([^\x01\s]+)\x01\x01$/.exec(text ?? '');
  return match ? { user: match[1] as string, secret: match[2] as string } : undefined;
}

/** Reads the SASL PLAIN string of RFC 4616. */
export function parsePlain(base64: string): Credentials | undefined {
  const match = /^[^\0]*\0([^\0]+)\0([^\0]*)$/.exec(decodeStrictBase64(base64) ?? '');
  return match ? { user: match[1] as string, secret: match[2] as string } : undefined;
}

function decodeStrictBase64(base64: string): string | undefined {
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64').toString('utf8');
}

export const OUTLOOK_AUDIENCES = new Set([
  'https://outlook.office.com',
  'https://outlook.office365.com',
  'https://outlook.office365.us',
  'https://outlook-dod.office365.us',
  'https://partner.outlook.cn',
  // The same resource as it stands in tokens that name it by its application id.
  '00000002-0000-0ff1-ce00-000000000000',
]);

/** Whether Exchange lets this token in at the IMAP door at all; whose mailbox it opens is another question. */
export function isGoodForImap(token: AccessToken, now: Date): boolean {
  if (!OUTLOOK_AUDIENCES.has(token.audience.replace(/\/$/, ''))) return false;
  if (token.expiresAt <= now) return false;
  return token.scopes.some((scope) => scope.slice(scope.lastIndexOf('/') + 1) === 'IMAP.AccessAsUser.All');
}

/** How a server decides on a login. */
export type Access = {
  readonly tenant: Tenant;
  readonly now: () => Date;
  /** Accounts that may log in with a password, for clients that know no OAuth; Exchange itself has none. */
  readonly passwords: ReadonlyMap<string, string>;
  readonly maxSessionsPerMailbox: number;
  readonly countSessions: (address: string) => number;
};

const MAX_SASL_BYTES = 64 * 1024;

/** AUTHENTICATE with XOAUTH2 or PLAIN, the string on the same line (SASL-IR) or after an empty challenge. */
export async function authenticate(session: Session, command: Command, access: Access): Promise<Answer> {
  const [mechanism, initial] = command.args.map(textOf);
  if (mechanism === undefined || command.args.length > 2) throw new CommandError(ARGUMENT_ERROR);
  const isXoauth2 = mechanism.toUpperCase() === 'XOAUTH2';
  const isPlain = mechanism.toUpperCase() === 'PLAIN' && session.shared.profile === 'classic';
  if (!isXoauth2 && !isPlain) return 'NO AUTHENTICATE failed.';
  const answer = initial ?? (await challenge(session));
  if (answer === undefined) return 'none';
  if (answer === '*') return 'BAD AUTHENTICATE canceled.';
  if (isPlain) return passwordLogin(session, parsePlain(answer), access) ?? refuse(session, command);
  return tokenLogin(session, parseXoauth2(answer), access) ?? refuse(session, command);
}

export function login(session: Session, command: Command, access: Access): Answer {
  const [user, secret] = command.args.map(textOf);
  if (user === undefined || secret === undefined) throw new CommandError(ARGUMENT_ERROR);
  const isOffered = session.shared.profile === 'classic';
  return (isOffered && passwordLogin(session, { user, secret }, access)) || refuse(session, command);
}

async function challenge(session: Session): Promise<string | undefined> {
  session.say('+ \r\n');
  await session.flush();
  return (await session.reader.readLine(MAX_SASL_BYTES))?.toString('latin1');
}

function refuse(session: Session, command: Command): Answer {
  session.shared.counters.refusedLogins += 1;
  return `NO ${command.name} failed.`;
}

function tokenLogin(session: Session, given: Credentials | undefined, access: Access): Answer | undefined {
  if (!given) return undefined;
  const token = access.tenant.findAccessToken(given.secret);
  if (!token || !isGoodForImap(token, access.now())) return undefined;
  if (session.shared.faults.take('refuse-login', { address: given.user })) return undefined;
  session.token = token;
  return enter(session, given.user, {
    mayOpen: access.tenant.mayOpenMailbox(token.username, given.user),
    access,
    answer: 'OK AUTHENTICATE completed.',
  });
}

function passwordLogin(session: Session, given: Credentials | undefined, access: Access): Answer | undefined {
  const password = given && access.passwords.get(given.user.toLowerCase());
  if (!given || password === undefined || password !== given.secret) return undefined;
  if (session.shared.faults.take('refuse-login', { address: given.user })) return undefined;
  return enter(session, given.user, { mayOpen: true, access, answer: 'OK LOGIN completed.' });
}

type Entry = { readonly mayOpen: boolean; readonly access: Access; readonly answer: Answer };

/** The login counts as good even if there is no mailbox to open: only the next command tells. */
function enter(session: Session, user: string, { mayOpen, access, answer }: Entry): Answer {
  const { mailboxes, faults, counters } = session.shared;
  counters.logins += 1;
  if (!mayOpen || faults.take('no-mailbox', { address: user })) {
    session.state = 'without-mailbox';
    return answer;
  }
  const mailbox = mailboxes.open(user);
  if (access.countSessions(mailbox.address) >= access.maxSessionsPerMailbox) {
    session.state = 'without-mailbox';
    return answer;
  }
  session.mailbox = mailbox;
  session.state = 'authenticated';
  return answer;
}
