import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type Conversation, openConversation } from '../../test/harness/conversation.ts';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import type { AccessToken } from '../tenant.ts';
import { type Pop3, startPop3 } from './server.ts';

const PRINT = 'print@practice.example';
const SCANS = 'scans@practice.example';
const OUTLOOK = 'https://outlook.office.com';

let practice: RunningPracticeTenant;
let pop3: Pop3;
const conversations = new Set<Conversation>();

beforeEach(async () => {
  practice = await startPracticeTenant({ printers: [] });
  const { tenant, clock, certificates, imap } = practice;
  const { key, cert } = certificates;
  const around = { tenant, clock, tls: { key, cert }, host: '127.0.0.1', port: 0, mailboxes: imap.mailboxes };
  pop3 = await startPop3({ ...around, passwords: {} });
  giveToken('good');
});

afterEach(async () => {
  for (const conversation of conversations) await conversation[Symbol.asyncDispose]();
  conversations.clear();
  await pop3.close();
  await practice.close();
});

function giveToken(token: string, changes: Partial<AccessToken> = {}): void {
  const { tenant, clock } = practice;
  const { oid, tid } = tenant.findAccount(PRINT) ?? assert.fail('no account');
  const base = { token, username: PRINT, oid, tid, audience: OUTLOOK, scopes: ['POP.AccessAsUser.All'] };
  const expiresAt = new Date(clock.now().getTime() + 3_600_000);
  tenant.accessTokens.set(token, { ...base, clientId: practice.clientId, expiresAt, ...changes });
}

const initial = (user: string, token: string) =>
  Buffer.from(`user=${user}\x01auth=Bearer ${token}\x01\x01`).toString('base64');

async function greeted(): Promise<Conversation> {
  const conversation = await openConversation({ port: pop3.port, secure: { ca: practice.certificates.ca } });
  conversations.add(conversation);
  await conversation.play('S: +OK The Microsoft Exchange POP3 service is ready. [{/[A-Za-z0-9+/=]+/}]');
  return conversation;
}

async function signedIn(): Promise<Conversation> {
  const conversation = await greeted();
  await conversation.play(`
    C: AUTH XOAUTH2
    S: +{/ ?/}
    C: ${initial(PRINT, 'good')}
    S: +OK User successfully authenticated.`);
  return conversation;
}

const subjects = () =>
  practice.imap.mailboxes
    .getFolder(PRINT, 'INBOX')
    .messages.filter(({ expunged }) => !expunged)
    .map(({ bytes }) => /Subject: (.*)/.exec(bytes.toString())?.[1]);

function deliver(...given: readonly string[]): void {
  for (const subject of given) practice.imap.mailboxes.deliver(PRINT, Buffer.from(`Subject: ${subject}\r\n\r\nx\r\n`));
}

test('a token is said in a line of its own; with the command, or in a line of more than 512 octets, it ends the session', async () => {
  for (const line of [`AUTH XOAUTH2 ${initial(PRINT, 'good')}`, `AUTH XOAUTH2 ${initial(PRINT, 'x'.repeat(600))}`]) {
    const conversation = await greeted();
    await conversation.play(`
      C: ${line}
      S: -ERR Protocol error. Connection is closed. 10
      S: <close>`);
  }
  await signedIn();
});

test('a token for another resource, another protocol or another person, and one that has ended, is refused', async () => {
  giveToken('graph', { audience: 'https://graph.microsoft.com' });
  giveToken('imap', { scopes: ['IMAP.AccessAsUser.All'] });
  giveToken('ended', { expiresAt: new Date(practice.clock.now().getTime() - 1) });
  for (const [user, token] of [
    [PRINT, 'graph'],
    [PRINT, 'imap'],
    [PRINT, 'ended'],
    [PRINT, 'unknown'],
    ['anna@practice.example', 'good'],
  ] as const) {
    const conversation = await greeted();
    await conversation.play(`
      C: AUTH XOAUTH2
      S: +{/ ?/}
      C: ${initial(user, token)}
      S: -ERR Authentication failure: unknown user name or bad password.`);
  }
  assert.equal(pop3.counters.logins, 0);
});

test('a delegate opens a shared mailbox with the own token', async () => {
  const conversation = await greeted();
  await conversation.play(`
    C: AUTH XOAUTH2
    S: +{/ ?/}
    C: ${initial(SCANS, 'good')}
    S: +OK User successfully authenticated.`);
});

test('what is marked goes at QUIT, not by RSET and not when the connection ends before', async () => {
  deliver('one', 'two');
  const lost = await signedIn();
  await lost.play(`
    C: DELE 1
    S: +OK
    C: <close>`);
  const reset = await signedIn();
  await reset.play(`
    C: DELE 1
    S: +OK
    C: RETR 1
    S: -ERR The specified message is out of range.
    C: RSET
    S: +OK
    C: QUIT
    S: +OK Microsoft Exchange Server POP3 server signing off.
    S: <close>`);
  assert.deepEqual(subjects(), ['one', 'two']);
  const deleting = await signedIn();
  await deleting.play(`
    C: DELE 1
    S: +OK
    C: QUIT
    S: +OK Microsoft Exchange Server POP3 server signing off.
    S: <close>`);
  assert.deepEqual(subjects(), ['two']);
});

test('a server that ignores deletes says that it has done them, and has the message the next time', async () => {
  deliver('one');
  pop3.faults.add({ name: 'ignore-deletes', times: 1 });
  const conversation = await signedIn();
  await conversation.play(`
    C: DELE 1
    S: +OK
    C: QUIT
    S: +OK Microsoft Exchange Server POP3 server signing off.
    S: <close>`);
  const next = await signedIn();
  await next.play(`
    C: STAT
    S: +OK 1 {/\\d+/}`);
});

test('messages are numbered, named and sized alike by LIST and UIDL, and a message that begins with dots comes whole', async () => {
  practice.imap.mailboxes.deliver(PRINT, Buffer.from('Subject: a\r\n\r\n.\r\n..\r\n'));
  const conversation = await signedIn();
  await conversation.play(`
    C: LIST
    S: +OK
    S: 1 21
    S: .
    C: UIDL
    S: +OK
    S: 1 {/[0-9a-f]{32}/}
    S: .
    C: RETR 1
    S: +OK
    S: Subject: a
    S: 
    S: ..
    S: ...
    S: .`);
});
