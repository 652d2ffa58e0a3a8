/** Tests of the mail servers: can they be reached, do they take the token, does the mailbox really open. */
import { type ErrorCode, PlatenError } from '../../base/errors.ts';
import { newId } from '../../base/secrets.ts';
import { ImapFailure } from '../../protocols/imap/failure.ts';
import { findAnswer } from '../../protocols/microsoft/answers.ts';
import { composeMessage } from '../../protocols/smtp/compose.ts';
import { openSocket } from '../../protocols/smtp/connect.ts';
import type { SmtpOutcome, SmtpTrouble } from '../../protocols/smtp/outcome.ts';
import { readNetworkSettings } from '../network.ts';
import { type Check, failed, namesOf, type Outcome, type Probe, passed, skipped } from './probe.ts';
import { CLIENT_NAME, openInbox, opensInbox, RULED_OUT, signInElsewhere, signInToSmtp } from './sign-ins.ts';

const FOLDERS = ['Platen/Done', 'Platen/Refused', 'Platen/Failed'];

/** Opens a socket to each server that the connection is for: a firewall shows here, whatever TLS and sign-in say. */
async function testReach({ cloud, granted, signal }: Check): Promise<Outcome> {
  const blocked: string[] = [];
  const open: string[] = [];
  let words = '';
  for (const use of granted) {
    const { host, port } = cloud[use];
    const connected = await openSocket({ host, port }, signal);
    if (connected.kind === 'connected') {
      connected.socket.destroy();
      open.push(`${host}:${port}`);
    } else {
      blocked.push(`${host}:${port}`);
      words = connected.words;
    }
  }
  if (blocked.length === 0) return passed({ open: open.join(' ') });
  const where = blocked.join(', ');
  const error = new PlatenError('server-unreachable', `not reached: ${where}`, {
    remote: words,
    values: { host: where },
    facts: { blocked: where, ...(open.length === 0 ? {} : { open: open.join(' ') }) },
  });
  return failed(error);
}

async function testImap(check: Check): Promise<Outcome> {
  if (!check.granted.includes('imap')) return skipped('not-granted');
  const { mailbox } = namesOf(check);
  try {
    return passed({ host: check.cloud.imap.host, messages: await openInbox(check, { mailbox }) });
  } catch (failure) {
    if (!(failure instanceof ImapFailure)) throw failure;
    return await explainImap(check, failure);
  }
}

/** The same words have several causes; a second look and the sign-ins over SMTP and POP3 tell some of them apart. */
async function explainImap(check: Check, failure: ImapFailure): Promise<Outcome> {
  const isRefusal = failure.kind === 'auth-failed' || failure.kind === 'authenticated-but-not-connected';
  if (!isRefusal) return failed(imapError('mailbox-unreachable', check, { failure }));
  if (failure.kind === 'authenticated-but-not-connected' && (await opensInbox(check))) {
    return failed(imapError('mailbox-unreachable', check, { failure, facts: { cause: 'too-many-sessions' } }));
  }
  const elsewhere = await signInElsewhere(check, ['smtp', 'pop3']);
  if (elsewhere.opened !== undefined) {
    // token, account, license and mailbox are good, or the other one would have refused them too
    const facts = { cause: 'imap-off', toldApartBy: elsewhere.opened };
    const values = { ...namesOf(check), protocol: 'IMAP' };
    return failed(imapError('protocol-off', check, { failure, facts, values }));
  }
  if (elsewhere.words !== undefined && codeOfReply(elsewhere.words) === 'mailbox-not-accessible') {
    const facts = { toldApartBy: 'smtp', ruledOut: `${RULED_OUT} imap-off too-many-sessions` };
    return failed(imapError('mailbox-not-accessible', check, { failure, facts }));
  }
  return failed(imapError('mailbox-refused', check, { failure, facts: { ruledOut: RULED_OUT } }));
}

function imapError(
  code: ErrorCode,
  check: Check,
  told: {
    readonly failure: ImapFailure;
    readonly facts?: Readonly<Record<string, string>>;
    readonly values?: Readonly<Record<string, string>>;
  },
): PlatenError {
  const { failure } = told;
  const { host } = check.cloud.imap;
  return new PlatenError(code, `the mailbox ${namesOf(check).mailbox} does not open over IMAP: ${failure.kind}`, {
    cause: failure,
    values: { ...namesOf(check), host, folder: 'INBOX', ...told.values },
    facts: { failure: failure.kind, ...told.facts },
    ...(failure.words === undefined ? {} : { remote: failure.words }),
  });
}

/** Only where mail is read: there Platen needs its folders, and makes them. */
async function testFolders(check: Check): Promise<Outcome> {
  const { context, row } = check;
  const read = await context.db
    .selectFrom('read_addresses')
    .select('address')
    .where('address', 'in', [...row.account_addresses, ''])
    .executeTakeFirst();
  if (read === undefined) return skipped('not-read');
  try {
    await openInbox(check, namesOf(check), FOLDERS);
    return passed({ folders: FOLDERS.join(', ') });
  } catch (failure) {
    if (!(failure instanceof ImapFailure)) throw failure;
    return failed(imapError('mailbox-move-refused', check, { failure }));
  }
}

async function testSmtp(check: Check): Promise<Outcome> {
  if (!check.granted.includes('smtp')) return skipped('not-granted');
  const opened = await signInToSmtp(check);
  if (opened.kind !== 'open') return failed(smtpError(check, opened));
  await opened.session[Symbol.asyncDispose]();
  return passed({ host: check.cloud.smtp.host });
}

function codeOfReply(words: string): ErrorCode | undefined {
  return findAnswer(words, 'smtp')?.code as ErrorCode | undefined;
}

function smtpError(check: Check, trouble: SmtpTrouble, sender = namesOf(check).sender): PlatenError {
  const values = { ...namesOf(check), sender, host: check.cloud.smtp.host };
  if (trouble.kind === 'refused') {
    const code = codeOfReply(trouble.reply.words) ?? (trouble.phase === 'auth' ? 'sign-in-refused' : 'message-refused');
    const facts = { phase: trouble.phase, ...(trouble.phase === 'auth' ? { ruledOut: RULED_OUT } : {}) };
    return new PlatenError(code, `refused at ${trouble.phase}`, { values, facts, remote: trouble.reply.words });
  }
  const words = 'words' in trouble ? trouble.words : 'the message could not be read';
  const code = trouble.kind === 'untrusted' ? 'server-tls-refused' : 'server-unreachable';
  return new PlatenError(code, `no submission session: ${trouble.kind}`, { values, remote: words });
}

/** A real message to oneself: rights to send show only after the last dot. */
async function testMessage(check: Check): Promise<Outcome> {
  if (check.wish.sendMessage !== true) return skipped('not-wanted');
  const settings = await readNetworkSettings(check.context);
  const from = check.wish.sharedMailbox ?? settings.senderEmail ?? namesOf(check).mailbox;
  const sent = await sendToSelf(check, from);
  return sent.kind === 'accepted' ? passed({ from, to: from }) : failed(smtpError(check, sent, from));
}

async function sendToSelf(check: Check, from: string): Promise<SmtpOutcome> {
  const opened = await signInToSmtp(check);
  if (opened.kind !== 'open') return opened;
  await using session = opened.session;
  const { context, row, signal } = check;
  const content = await composeMessage({
    from: { address: from, name: 'Platen' },
    to: [{ address: from }],
    subject: `Platen: ${row.title}`,
    messageId: `<${newId()}@${CLIENT_NAME}>`,
    date: context.clock.now(),
    text: 'This message was sent by the connection check of Platen.\nQuesto messaggio è stato inviato dalla verifica della connessione di Platen.\n',
    headers: { 'Auto-Submitted': 'auto-generated' },
  });
  const beforeDot = () => signal.throwIfAborted();
  return await session.send({ sender: from, recipients: [from], bytes: content.length, content, beforeDot });
}

/** Reading for somebody else needs full access; the token is the delegate’s, the name that of the mailbox. */
async function testSharedMailbox(check: Check): Promise<Outcome> {
  const { sharedMailbox } = check.wish;
  if (sharedMailbox === undefined) return skipped('not-wanted');
  if (!check.granted.includes('imap')) return skipped('not-granted');
  try {
    return passed({ mailbox: sharedMailbox, messages: await openInbox(check, { mailbox: sharedMailbox }) });
  } catch (failure) {
    if (!(failure instanceof ImapFailure)) throw failure;
    const isRefusal = failure.kind === 'auth-failed' || failure.kind === 'authenticated-but-not-connected';
    const code = isRefusal ? 'shared-mailbox-no-access' : 'mailbox-unreachable';
    return failed(imapError(code, check, { failure, values: { sender: sharedMailbox, address: sharedMailbox } }));
  }
}

export const MAIL_PROBES: readonly Probe[] = [
  { test: 'reach', needs: ['permissions'], run: testReach },
  { test: 'imap', use: 'imap', needs: ['token', 'reach'], run: testImap },
  { test: 'imap-folders', use: 'imap', needs: ['imap'], run: testFolders },
  { test: 'smtp', use: 'smtp', needs: ['token', 'reach'], run: testSmtp },
  { test: 'message', use: 'smtp', needs: ['smtp'], run: testMessage },
  { test: 'shared-mailbox', use: 'imap', needs: ['token', 'reach'], run: testSharedMailbox },
];
