/** AUTH: what makes a token good for submission, whose mailbox it opens, and the switches that refuse a good one. */
import { OUTLOOK_AUDIENCES, parseXoauth2 } from '../imap/access.ts';
import { LOGIN, SESSION, type Wording } from './replies.ts';
import { type AccessToken, inWords, type Login, meet, NOTHING, type Session, type Shared } from './session.ts';

// RFC 4954 section 4: a line of the exchange may be longer than a command line.
const MAX_SASL_BYTES = 12_288;
const USERNAME_PROMPT = '334 VXNlcm5hbWU6';
const PASSWORD_PROMPT = '334 UGFzc3dvcmQ6';

/** XOAUTH2 in one line or two, and LOGIN, which Exchange still advertises and no longer serves. */
export async function authenticate(session: Session, shared: Shared, rest: string): Promise<string> {
  const [mechanism = '', initial, ...more] = rest.split(' ').filter((word) => word !== '');
  if (session.hello === undefined) return '503 5.5.2 Send hello first';
  // Not offered in plain text, so not known either.
  if (session.wire.tlsVersion === undefined) return SESSION.unknownMechanism;
  if (session.login || session.transaction) return '503 5.5.2 Already authenticated';
  if (mechanism === '' || more.length > 0) return '501 5.5.4 Invalid arguments';
  if (mechanism.toUpperCase() === 'LOGIN') return loginByPassword(session, shared, initial);
  if (mechanism.toUpperCase() !== 'XOAUTH2') return SESSION.unknownMechanism;
  const answer = initial ?? (await prompt(session, '334 '));
  if (answer === undefined) return NOTHING;
  if (answer === '*') return '501 5.7.0 Authentication canceled';
  return loginByToken(session, shared, answer);
}

async function prompt(session: Session, challenge: string): Promise<string | undefined> {
  session.wire.say(challenge);
  const line = await session.wire.readLine(MAX_SASL_BYTES);
  if (line.kind === 'line') return line.text;
  if (line.kind === 'too-long') {
    session.wire.say(SESSION.lineTooLong);
    session.wire.end();
  }
  return undefined;
}

async function loginByPassword(session: Session, shared: Shared, initial: string | undefined): Promise<string> {
  const user = initial ?? (await prompt(session, USERNAME_PROMPT));
  if (user === undefined) return NOTHING;
  const password = user === '*' ? '*' : await prompt(session, PASSWORD_PROMPT);
  if (password === undefined) return NOTHING;
  if (password === '*') return '501 5.7.0 Authentication canceled';
  shared.counters.refusedLogins += 1;
  const isRetired = shared.switches.passwords === 'retired';
  return inWords(isRetired ? LOGIN.passwordsRetired : LOGIN.passwordsDisabled, session, shared);
}

async function loginByToken(session: Session, shared: Shared, answer: string): Promise<string> {
  const given = parseXoauth2(answer);
  if (!given) {
    shared.counters.refusedLogins += 1;
    return SESSION.badToken;
  }
  const token = shared.tenant.findAccessToken(given.secret);
  const isGood = token !== undefined && isGoodForSubmission(token, shared.now());
  const fault = await meet(session, shared, { phase: 'auth', address: given.user });
  const problem = isGood ? findProblem(shared, token, given.user) : LOGIN.failed;
  if (fault !== undefined || !isGood || problem) {
    shared.counters.refusedLogins += 1;
    return fault ?? inWords(problem ?? LOGIN.failed, session, shared);
  }
  shared.counters.logins += 1;
  session.login = { user: given.user, mailbox: mailboxOf(shared, given.user), token, order: shared.counters.logins };
  countSessions(shared, session.login);
  return SESSION.authenticated;
}

export function isGoodForSubmission(token: AccessToken, now: Date): boolean {
  if (!OUTLOOK_AUDIENCES.has(token.audience.replace(/\/$/, '')) || token.expiresAt <= now) return false;
  return token.scopes.some((scope) => scope.slice(scope.lastIndexOf('/') + 1) === 'SMTP.Send');
}

function findProblem({ tenant, switches }: Shared, token: AccessToken, user: string): Wording | undefined {
  const account = tenant.findAccount(token.username);
  if (!account || account.isDisabled) return LOGIN.failed;
  const wanted = user.toLowerCase();
  const own = tenant.addressesOf(token.username);
  const isShared = switches.sharedLogin === 'accepted' && tenant.sharedMailboxes.has(wanted);
  if (!own.includes(wanted) && !isShared) return LOGIN.failed;
  if (!isShared && !account.hasMailbox) return LOGIN.noMailbox;
  const names = isShared ? [wanted] : own;
  const setting = names.map((name) => switches.mailboxAuth[name]).find((state) => state !== undefined);
  if (setting === 'off') return LOGIN.mailboxDisabled;
  if (setting === undefined && switches.tenantAuth === 'off') return LOGIN.tenantDisabled;
  if (switches.signInPolicy === 'security-defaults') return LOGIN.securityDefaults;
  if (switches.signInPolicy === 'conditional-access') return LOGIN.conditionalAccess;
  return undefined;
}

function mailboxOf({ tenant }: Shared, user: string): string {
  return tenant.addressesOf(user)[0] ?? user.toLowerCase();
}

function countSessions({ sessions, counters }: Shared, { mailbox }: Login): void {
  const open = [...sessions].filter((session) => session.login?.mailbox === mailbox).length;
  counters.mostSessions[mailbox] = Math.max(open, counters.mostSessions[mailbox] ?? 0);
}
