import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Conversation, openConversation } from '../../test/harness/conversation.ts';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import type { AccessToken } from '../tenant.ts';
import type { SmtpFault } from './faults.ts';

const PRINT = 'print@practice.example';
const ANNA = 'anna@practice.example';
const SCANS = 'scans@practice.example';
const MINUTE_MS = 60_000;
const HOST = 'PR0CTICE0001.outlook.office365.com';
const STORE = 'PRACTICEMB0001.EURPRD01.PROD.OUTLOOK.COM';
const TRACE =
  '[PR0CTICE0001.eurprd01.prod.outlook.com {/\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z/} {/[0-9A-F]{16}/}]';

let practice: RunningPracticeTenant;
const conversations = new Set<Conversation>();

beforeEach(async () => {
  practice = await startPracticeTenant({ printers: [] });
  giveToken('good', PRINT);
  giveToken('anna', ANNA);
});

afterEach(async () => {
  for (const conversation of conversations) await conversation[Symbol.asyncDispose]();
  conversations.clear();
  await practice.close();
});

function giveToken(token: string, username: string, changes: Partial<AccessToken> = {}): void {
  const { tenant, clock } = practice;
  const { oid, tid } = tenant.findAccount(username) ?? tenant.addAccount({ upn: username });
  const base = { token, username, oid, tid, audience: 'https://outlook.office.com', scopes: ['SMTP.Send'] };
  const expiresAt = new Date(clock.now().getTime() + 60 * MINUTE_MS);
  tenant.accessTokens.set(token, { ...base, clientId: practice.clientId, expiresAt, ...changes });
}

function xoauth2(user: string, token: string): string {
  return Buffer.from(`user=${user}\x01auth=Bearer ${token}\x01\x01`).toString('base64');
}

async function connected(): Promise<Conversation> {
  const { port } = practice.smtp;
  const conversation = await openConversation({ port, tls: { ca: practice.certificates.ca } });
  conversations.add(conversation);
  return conversation;
}

async function secured(): Promise<Conversation> {
  const conversation = await connected();
  await conversation.play(`
    S: 220 ${HOST} Microsoft ESMTP MAIL Service ready at {/.+/}
    C: EHLO platen.example
    S: ...
    S: 250 SMTPUTF8
    C: STARTTLS
    S: 220 2.0.0 SMTP server ready
    C: <starttls>
    C: EHLO platen.example
    S: ...
    S: 250 SMTPUTF8
  `);
  return conversation;
}

async function loggedIn(user = PRINT, token = 'good'): Promise<Conversation> {
  const conversation = await secured();
  await conversation.play(`
    C: AUTH XOAUTH2 ${xoauth2(user, token)}
    S: 235 2.7.0 Authentication successful
  `);
  return conversation;
}

type Envelope = { sender?: string; recipients?: readonly string[] };

/** From MAIL to the moment after the final dot; the answer is not read. */
async function send(conversation: Conversation, envelope: Envelope = {}, message = mail('Scan')): Promise<void> {
  const { sender = PRINT, recipients = [ANNA] } = envelope;
  const rcpt = recipients.map((recipient) => `C: RCPT TO:<${recipient}>\nS: 250 2.1.5 Recipient OK`).join('\n');
  await conversation.play(`
    C: MAIL FROM:<${sender}>
    S: 250 2.1.0 Sender OK
    ${rcpt}
    C: DATA
    S: 354 Start mail input; end with <CRLF>.<CRLF>
  `);
  conversation.sayBytes(`${message}.\r\n`);
}

/** Sends a message and returns the answer to it. */
async function answerTo(conversation: Conversation, envelope: Envelope = {}, message?: string): Promise<string> {
  await send(conversation, envelope, message);
  return conversation.hear();
}

function mail(subject: string, more: { from?: string; id?: string; header?: string; body?: string } = {}): string {
  const { from = PRINT, id = `<${subject}@platen.example>`, header = '', body = 'Hello\r\n' } = more;
  const fields = [`From: Scanner <${from}>`, `To: ${ANNA}`, `Subject: ${subject}`, `Message-ID: ${id}`];
  return `${fields.join('\r\n')}\r\nDate: Sun, 22 Nov 2026 09:00:00 +0100\r\n${header}\r\n${body}`;
}

function inboxOf(address: string, folder = 'INBOX'): string[] {
  return practice.imap.mailboxes.getFolder(address, folder).messages.map(({ bytes }) => bytes.toString('latin1'));
}

test('a session goes from the greeting over STARTTLS and XOAUTH2 to an accepted message, word for word', async () => {
  const conversation = await connected();
  await conversation.play(
    `
    S: 220 ${HOST} Microsoft ESMTP MAIL Service ready at {/\\w{3}, \\d\\d \\w{3} \\d{4} \\d\\d:\\d\\d:\\d\\d \\+0000/} [{/[0-9A-F]{16}/}]
    C: EHLO platen.example
    S: 250-${HOST} Hello [127.0.0.1]
    S: 250-SIZE 157286400
    S: 250-PIPELINING
    S: 250-DSN
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250-8BITMIME
    S: 250-BINARYMIME
    S: 250-CHUNKING
    S: 250 SMTPUTF8
    C: STARTTLS
    S: 220 2.0.0 SMTP server ready
    C: <starttls>
    C: EHLO platen.example
    S: 250-${HOST} Hello [127.0.0.1]
    S: 250-SIZE 157286400
    S: 250-PIPELINING
    S: 250-DSN
    S: 250-ENHANCEDSTATUSCODES
    S: 250-AUTH LOGIN XOAUTH2
    S: 250-8BITMIME
    S: 250-BINARYMIME
    S: 250-CHUNKING
    S: 250 SMTPUTF8
    C: AUTH XOAUTH2 {{sasl}}
    S: 235 2.7.0 Authentication successful
    C: MAIL FROM:<print@practice.example> SIZE=100 BODY=8BITMIME RET=HDRS
    S: 250 2.1.0 Sender OK
    C: RCPT TO:<anna@practice.example> NOTIFY=FAILURE
    S: 250 2.1.5 Recipient OK
    C: DATA
    S: 354 Start mail input; end with <CRLF>.<CRLF>
    C: Message-ID: <1@platen.example>
    C: From: print@practice.example
    C:
    C: ..a dot
    C: .
    S: 250 2.0.0 OK <1@platen.example> [Hostname=${STORE}]
    C: QUIT
    S: 221 2.0.0 Service closing transmission channel
    S: <close>
  `,
    { sasl: xoauth2(PRINT, 'good') },
  );
  const sent = 'Message-ID: <1@platen.example>\r\nFrom: print@practice.example\r\n\r\n.a dot\r\n';
  const [message] = practice.smtp.accepted();
  assert.equal(practice.smtp.findContent(message?.id ?? 0)?.toString(), sent);
  assert.deepEqual(inboxOf(PRINT, 'Sent Items'), [sent]);
  assert.equal(inboxOf(ANNA).length, 1);
  assert.ok(inboxOf(ANNA)[0]?.endsWith(sent));
  assert.equal(message?.mailbox, PRINT);
  assert.deepEqual(message?.recipients, [ANNA]);
});

test('XOAUTH2 also works in two steps, and the client may give up in between', async () => {
  const conversation = await secured();
  await conversation.play(`
    C: AUTH XOAUTH2
    S: 334{/ /}
    C: *
    S: 501 5.7.0 Authentication canceled
    C: auth xoauth2
    S: 334{/ /}
    C: ${xoauth2(PRINT, 'good')}
    S: 235 2.7.0 Authentication successful
    C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}
    S: 503 5.5.2 Already authenticated
  `);
});

test('without TLS there is neither AUTH nor MAIL, and without AUTH there is no MAIL', async () => {
  const plain = await connected();
  await plain.play(`
    S: 220 {/.+/}
    C: MAIL FROM:<${PRINT}>
    S: 503 5.5.2 Send hello first
    C: HELO platen.example
    S: 250 ${HOST} Hello [127.0.0.1]
    C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}
    S: 504 5.7.4 Unrecognized authentication type
    C: MAIL FROM:<${PRINT}>
    S: 451 5.7.3 STARTTLS is required to send mail
  `);
  const secure = await secured();
  await secure.play(`
    C: MAIL FROM:<${PRINT}>
    S: 530 5.7.57 Client not authenticated to send mail
  `);
});

test('what was said before the handshake is forgotten, and what came with STARTTLS is thrown away', async () => {
  const conversation = await connected();
  await conversation.play(`
    S: 220 {/.+/}
    C: EHLO platen.example
    S: ...
    S: 250 SMTPUTF8
  `);
  conversation.sayBytes('STARTTLS\r\nEHLO injected.example\r\n');
  await conversation.play(`
    S: 220 2.0.0 SMTP server ready
    C: <starttls>
    C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}
    S: 503 5.5.2 Send hello first
  `);
  assert.equal(practice.smtp.counters.discardedBytes, Buffer.byteLength('EHLO injected.example\r\n'));
});

test('commands out of order, damaged or unknown are refused, and the tenth ends the session', async () => {
  const conversation = await loggedIn();
  await conversation.play(`
    C: DATA
    S: 503 5.5.2 Need mail command
    C: RCPT TO:<${ANNA}>
    S: 503 5.5.2 Need mail command
    C: MAIL FROM:print@practice.example
    S: 501 5.1.7 Invalid address
    C: MAIL FROM:<pr int@practice.example>
    S: 501 5.1.7 Invalid address
    C: MAIL FROM:<${PRINT}> XVERP=1
    S: 501 5.5.4 Unrecognized parameter 'XVERP'
    C: MAIL FROM:<${PRINT}> SIZE=ten
    S: 501 5.5.4 Invalid arguments
    C: MAIL FROM:<${PRINT}>
    S: 250 2.1.0 Sender OK
    C: MAIL FROM:<${PRINT}>
    S: 503 5.5.2 Sender already specified
    C: RCPT TO:<>
    S: 501 5.1.3 Invalid address
    C: DATA
    S: 503 5.5.2 Need rcpt command
    C: RSET
    S: 250 2.0.0 Resetting
    C: NOOP
    S: 250 2.0.0 OK
    C: VRFY anna
    S: 252 2.1.5 Cannot VRFY user
    C: TURN
    S: 421 4.7.0 Too many errors on this connection, closing transmission channel
    S: <close>
  `);
});

test('pipelined commands are answered one by one', async () => {
  const conversation = await loggedIn();
  conversation.sayBytes(`MAIL FROM:<${PRINT}>\r\nRCPT TO:<${ANNA}>\r\nRCPT TO:<unknown-user@x.example>\r\nDATA\r\n`);
  await conversation.play(`
    S: 250 2.1.0 Sender OK
    S: 250 2.1.5 Recipient OK
    S: 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup
    S: 354 Start mail input; end with <CRLF>.<CRLF>
  `);
  conversation.sayBytes(`${mail('piped')}.\r\nQUIT\r\n`);
  await conversation.play(`
    S: 250 2.0.0 OK <piped@platen.example> [Hostname=${STORE}]
    S: 221 2.0.0 Service closing transmission channel
    S: <close>
  `);
});

test('an address outside ASCII needs SMTPUTF8', async () => {
  const conversation = await loggedIn();
  const raw = (line: string) => conversation.sayBytes(Buffer.from(`${line}\r\n`));
  await conversation.play(`
    C: MAIL FROM:<${PRINT}>
    S: 250 2.1.0 Sender OK
  `);
  raw('RCPT TO:<josé@partner.example>');
  await conversation.play(`
    S: 501 5.1.3 Invalid address
    C: RSET
    S: 250 2.0.0 Resetting
    C: MAIL FROM:<${PRINT}> SMTPUTF8
    S: 250 2.1.0 Sender OK
  `);
  raw('RCPT TO:<josé@partner.example>');
  await conversation.expect('250 2.1.5 Recipient OK');
});

const BAD_TOKENS: Readonly<Record<string, (now: Date) => Partial<AccessToken>>> = {
  'for Graph': () => ({ audience: 'https://graph.microsoft.com' }),
  'for reading only': () => ({ scopes: ['IMAP.AccessAsUser.All'] }),
  expired: (now) => ({ expiresAt: now }),
};
for (const [name, changes] of Object.entries(BAD_TOKENS)) {
  test(`a token that is ${name} is refused at once, without a challenge`, async () => {
    giveToken('bad', PRINT, changes(practice.clock.now()));
    const conversation = await secured();
    await conversation.play(`
      C: AUTH XOAUTH2 ${xoauth2(PRINT, 'bad')}
      S: 535 5.7.3 Authentication unsuccessful ${TRACE}
      C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}
      S: 235 2.7.0 Authentication successful
    `);
    assert.equal(practice.smtp.counters.refusedLogins, 1);
  });
}

test('an unknown token, the token of another, a shared mailbox and a disabled account are refused alike', async () => {
  giveToken('disabled', 'gone@practice.example');
  practice.tenant.addAccount({ upn: 'gone@practice.example', isDisabled: true });
  const conversation = await secured();
  for (const [user, token] of [
    [PRINT, 'unknown'],
    [PRINT, 'anna'],
    [SCANS, 'good'],
    ['gone@practice.example', 'disabled'],
  ] as const) {
    await conversation.play(`
      C: AUTH XOAUTH2 ${xoauth2(user, token)}
      S: 535 5.7.3 Authentication unsuccessful ${TRACE}
    `);
  }
});

test('a damaged XOAUTH2 string and other mechanisms have replies of their own', async () => {
  const conversation = await secured();
  await conversation.play(`
    C: AUTH XOAUTH2 bm90IHRoaXM=
    S: 501 5.5.124 Invalid XOAUTH2 auth data
    C: AUTH XOAUTH2 %%%
    S: 501 5.5.124 Invalid XOAUTH2 auth data
    C: AUTH PLAIN AGEAYg==
    S: 504 5.7.4 Unrecognized authentication type
    C: AUTH OAUTHBEARER
    S: 504 5.7.4 Unrecognized authentication type
  `);
});

test('a login by password is asked for everything and then refused in the words of the day', async () => {
  const conversation = await secured();
  await conversation.play(`
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: cHJpbnQ=
    S: 334 UGFzc3dvcmQ6
    C: c2VjcmV0
    S: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled. ${TRACE}
  `);
  practice.smtp.setSwitches({ passwords: 'retired' });
  await conversation.play(`
    C: AUTH LOGIN cHJpbnQ=
    S: 334 UGFzc3dvcmQ6
    C: c2VjcmV0
    S: 550 5.7.30 Basic authentication is not supported for Client Submission.
  `);
});

test('SMTP AUTH is off for the tenant, off or on for a mailbox, and the mailbox wins', async () => {
  const disabled = (of: string) =>
    `S: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the ${of}. Visit https://aka.ms/smtp_auth_disabled for more information. ${TRACE}`;
  const conversation = await secured();
  const login = `C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}`;
  practice.smtp.setSwitches({ tenantAuth: 'off' });
  await conversation.play(`${login}\n${disabled('Tenant')}`);
  practice.smtp.setSwitches({ tenantAuth: 'on', mailboxAuth: { [PRINT]: 'off' } });
  await conversation.play(`${login}\n${disabled('Mailbox')}`);
  practice.smtp.setSwitches({ tenantAuth: 'off', mailboxAuth: { [PRINT]: 'on' } });
  await conversation.play(`${login}\nS: 235 2.7.0 Authentication successful`);
});

test('policies of the organization refuse a good token, and a mailbox that is gone cannot be accessed', async () => {
  const conversation = await secured();
  const login = `C: AUTH XOAUTH2 ${xoauth2(PRINT, 'good')}`;
  practice.smtp.setSwitches({ signInPolicy: 'security-defaults' });
  await conversation.play(`
    ${login}
    S: 535 5.7.139 Authentication unsuccessful, user is locked by your organization's security defaults policy. Contact your administrator. ${TRACE}
  `);
  practice.smtp.setSwitches({ signInPolicy: 'conditional-access' });
  await conversation.play(`
    ${login}
    S: 535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated successfully. Contact your administrator. ${TRACE}
  `);
  practice.tenant.addAccount({ upn: PRINT, hasMailbox: false });
  await conversation.play(`
    ${login}
    S: 550 5.2.1 Mailbox cannot be accessed ${TRACE}
  `);
});

test('a delegate sends as the shared mailbox, but from nobody else', async () => {
  const conversation = await loggedIn();
  assert.match(await answerTo(conversation, { sender: SCANS }, mail('shared', { from: SCANS })), /^250 /);
  const denied = /^554 5\.2\.252 SendAsDenied; print@practice\.example not allowed to send as anna@practice\.example; /;
  assert.match(await answerTo(conversation, { sender: ANNA }), denied);
  const words = await answerTo(conversation, {}, mail('header', { from: ANNA }));
  assert.match(words, denied);
  assert.match(words, /STOREDRV\.Submission\.Exception:SendAsDeniedException\.MapiExceptionSendAsDenied; .*\[EndDiag/);
  assert.ok(words.length > 512, 'the diagnosis is longer than a reply line may be');
  const hidden = mail('hidden').replace('Scanner <', '"Scanner, <anna@practice.example>" <');
  assert.match(await answerTo(conversation, {}, hidden), /^250 /, 'a name in quotes is no address');
  assert.equal(practice.smtp.accepted().length, 2);
  assert.equal(inboxOf(PRINT, 'Sent Items').length, 2, 'the copy lies in the mailbox that logged in');
});

test('a shared login is accepted without a right on the mailbox, and fails when the message has come', async () => {
  practice.smtp.setSwitches({ sharedLogin: 'accepted' });
  const conversation = await loggedIn(SCANS, 'anna');
  assert.match(
    await answerTo(conversation, { sender: SCANS }, mail('late', { from: SCANS })),
    /^430 4\.2\.0 STOREDRV; mailbox logon failure; .*MapiExceptionLogonFailed/,
  );
  const delegate = await loggedIn(SCANS, 'good');
  assert.match(await answerTo(delegate, { sender: SCANS }, mail('right', { from: SCANS })), /^250 /);
  assert.equal(inboxOf(SCANS, 'Sent Items').length, 1);
});

test('the fourth session of a mailbox is told after the data, and the first three go on', async () => {
  const sessions = [await loggedIn(), await loggedIn(), await loggedIn(), await loggedIn()] as const;
  const other = await loggedIn(ANNA, 'anna');
  const concurrent =
    '432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information. ' +
    `[Hostname=${STORE}]`;
  assert.equal(await answerTo(sessions[3]), concurrent);
  assert.match(await answerTo(sessions[2]), /^250 /);
  assert.match(await answerTo(other, { sender: ANNA }, mail('other', { from: ANNA })), /^250 /);
  await sessions[0].play(`
    C: QUIT
    S: 221 {/.+/}
    S: <close>
  `);
  await sessions[0][Symbol.asyncDispose]();
  await until(() => practice.smtp.sessions().length === 4);
  assert.match(await answerTo(sessions[3]), /^250 /);
  assert.equal(practice.smtp.counters.mostSessions[PRINT], 4);
});

test('too many connections are told at the door', async () => {
  practice.smtp.setSwitches({ maxConnections: 1 });
  await loggedIn();
  const second = await connected();
  await second.play(`
    S: 421 4.3.2 {/.+/}
    S: <close>
  `);
});

test('more messages than the minute allows are refused, or wait until there is room again', async () => {
  practice.smtp.setSwitches({ messagesPerMinute: 2 });
  const conversation = await loggedIn();
  for (const subject of ['1', '2']) assert.match(await answerTo(conversation, {}, mail(subject)), /^250 /);
  const words = `432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded [Hostname=${STORE}]`;
  assert.equal(await answerTo(conversation, {}, mail('3')), words);
  practice.clock.advance(MINUTE_MS);
  for (const subject of ['3', '4']) assert.match(await answerTo(conversation, {}, mail(subject)), /^250 /);
  practice.smtp.setSwitches({ overRate: 'delay' });
  await send(conversation, {}, mail('5'));
  let isAnswered = false;
  const answer = conversation.hear().finally(() => {
    isAnswered = true;
  });
  await sleep(100);
  assert.equal(isAnswered, false);
  practice.clock.advance(MINUTE_MS);
  assert.match(await answer, /^250 /);
});

test('a mailbox has so many recipients a day, and the tenant so many outside of it', async () => {
  practice.smtp.setSwitches({ recipientsPerDay: 3 });
  const conversation = await loggedIn();
  const two = { recipients: [ANNA, 'x@partner.example'] };
  assert.match(await answerTo(conversation, two, mail('1')), /^250 /);
  const quota = /^554 5\.2\.0 STOREDRV\.Submission\.Exception:SubmissionQuotaExceededException/;
  assert.match(await answerTo(conversation, two, mail('2')), quota);
  assert.match(await answerTo(conversation, {}, mail('3')), /^250 /, 'three is still allowed');
  practice.clock.advance(24 * 60 * MINUTE_MS);
  practice.smtp.setSwitches({ externalRecipientsPerDay: 1 });
  assert.match(await answerTo(conversation, two, mail('4')), /^250 /);
  assert.match(await answerTo(conversation, { recipients: ['x@partner.example'] }, mail('5')), /^550 5\.7\.233 /);
  assert.match(await answerTo(conversation, {}, mail('6')), /^250 /, 'inside is not counted');
});

test('500 recipients are taken, and the next is one too many', async () => {
  practice.smtp.setSwitches({ maxRecipients: 2 });
  const conversation = await loggedIn();
  await conversation.play(`
    C: MAIL FROM:<${PRINT}>
    S: 250 {/.+/}
    C: RCPT TO:<1@partner.example>
    S: 250 {/.+/}
    C: RCPT TO:<2@partner.example>
    S: 250 {/.+/}
    C: RCPT TO:<3@partner.example>
    S: 452 4.5.3 Too many recipients
    C: DATA
    S: 354 {/.+/}
  `);
  conversation.sayBytes(`${mail('two')}.\r\n`);
  await conversation.expect('250 {/.+/}');
  assert.deepEqual(practice.smtp.accepted()[0]?.recipients, ['1@partner.example', '2@partner.example']);
});

test('a message of the advertised size is taken, one byte more is refused at MAIL and after the data', async () => {
  const message = mail('size', { body: `${'x'.repeat(76)}\r\n`.repeat(50) });
  practice.smtp.setSwitches({ maxMessageBytes: message.length });
  const conversation = await loggedIn();
  assert.match(await answerTo(conversation, {}, message), /^250 /);
  assert.equal(practice.smtp.accepted()[0]?.bytes, message.length);
  assert.equal(
    await answerTo(conversation, {}, `x${message}`),
    '552 5.3.4 Message size exceeds fixed maximum message size',
  );
  await conversation.play(`
    C: MAIL FROM:<${PRINT}> SIZE=${message.length + 1}
    S: 552 5.3.4 Message size exceeds fixed maximum message size
    C: MAIL FROM:<${PRINT}> SIZE=${message.length}
    S: 250 2.1.0 Sender OK
  `);
});

for (const [name, ending] of Object.entries({ LF: 'a\nb\r\n', CR: 'a\rb\r\n', 'LF.CRLF': 'a\n.\r\nb\r\n' })) {
  test(`a bare ${name} in the content ends nothing and is refused`, async () => {
    const conversation = await loggedIn();
    assert.match(await answerTo(conversation, {}, mail('bare', { body: ending })), /^550 5\.6\.11 /);
    await conversation.play(`
      C: NOOP
      S: 250 2.0.0 OK
    `);
  });
}

test('a token that ends is looked at again only where that is switched on', async () => {
  const conversation = await loggedIn();
  practice.clock.advance(61 * MINUTE_MS);
  assert.match(await answerTo(conversation), /^250 /);
  practice.smtp.setSwitches({ tokenCheck: 'message' });
  await conversation.play(`
    C: MAIL FROM:<${PRINT}>
    S: 530 5.7.57 Client not authenticated to send mail
  `);
});

test('BDAT is advertised and refused, its bytes are never taken for commands, and a switch lets it in', async () => {
  const conversation = await loggedIn();
  const envelope = `
    C: MAIL FROM:<${PRINT}> BODY=BINARYMIME
    S: 250 {/.+/}
    C: RCPT TO:<${ANNA}>
    S: 250 {/.+/}
  `;
  await conversation.play(envelope);
  conversation.sayBytes('BDAT 6 LAST\r\nQUIT\r\n');
  await conversation.play(`
    S: 502 5.3.3 Command not implemented
    C: DATA
    S: 503 5.5.1 Bad sequence of commands
    C: RSET
    S: 250 2.0.0 Resetting
  `);
  practice.smtp.setSwitches({ chunking: 'on' });
  await conversation.play(envelope);
  conversation.sayBytes('BDAT 26\r\nMessage-ID: <b@x>\r\n\r\nbare\nBDAT 5 LAST\r\n\n.\r\n!');
  await conversation.play(`
    S: 250 2.0.0 OK, received 26 octets
    S: 250 2.0.0 OK <b@x> [Hostname=${STORE}]
  `);
  const content = 'Message-ID: <b@x>\r\n\r\nbare\n\n.\r\n!';
  assert.equal(practice.smtp.findContent(practice.smtp.accepted()[0]?.id ?? 0)?.toString(), content);
});

test('a silent client hears that its time is over', async () => {
  practice.smtp.setSwitches({ idleMs: 80 });
  const conversation = await connected();
  await conversation.play(`
    S: 220 {/.+/}
    S: 451 4.7.0 Timeout waiting for client input
    S: <close>
  `);
});

test('a line without end closes the session', async () => {
  const conversation = await secured();
  conversation.sayBytes(`AUTH XOAUTH2 ${'A'.repeat(12_288)}\r\n`);
  await conversation.play(`
    S: 500 5.5.2 Command line too long
    S: <close>
  `);
});

test('the same message twice is delivered twice, or once where duplicates are suppressed', async () => {
  const conversation = await loggedIn();
  await answerTo(conversation);
  await answerTo(conversation);
  assert.equal(inboxOf(ANNA).length, 2);
  practice.smtp.setSwitches({ duplicateSuppression: 'on' });
  assert.match(await answerTo(conversation), /^250 /);
  assert.equal(inboxOf(ANNA).length, 2);
  assert.equal(practice.smtp.accepted()[2]?.duplicateOf, practice.smtp.accepted()[0]?.id);
  await answerTo(conversation, {}, mail('Scan').replace('09:00', '09:01'));
  assert.equal(inboxOf(ANNA).length, 3, 'another Date makes another message');
  practice.clock.advance(8 * 24 * 60 * MINUTE_MS);
  await answerTo(conversation);
  assert.equal(inboxOf(ANNA).length, 4, 'after a week it is forgotten');
});

test('a Message-ID is made where there is none, and rewritten where that is switched on', async () => {
  const conversation = await loggedIn();
  const without = mail('none').replace(/Message-ID: .*\r\n/, '');
  const made = /^250 2\.0\.0 OK (<\S+@PRACTICEMB0001\S+>) /.exec(await answerTo(conversation, {}, without))?.[1];
  assert.ok(made && inboxOf(ANNA)[0]?.includes(`\r\nMessage-ID: ${made}\r\n`));
  practice.smtp.setSwitches({ messageIds: 'rewritten' });
  const given = /^250 2\.0\.0 OK (<\S+>) /.exec(await answerTo(conversation))?.[1];
  assert.notEqual(given, '<Scan@platen.example>');
  const copy = inboxOf(PRINT, 'Sent Items')[1] ?? '';
  assert.ok(copy.startsWith(`Message-ID: ${given}\r\nX-Microsoft-Original-Message-ID: <Scan@platen.example>\r\n`));
  assert.equal(copy.match(/^Message-ID:/gm)?.length, 1);
});

test('a message reaches every practice mailbox once, without Bcc, and nobody outside', async () => {
  const conversation = await loggedIn();
  const recipients = [ANNA, 'carla@practice.example', 'c.mail@practice.example', SCANS, 'x@partner.example'];
  await answerTo(
    conversation,
    { recipients },
    mail('all', { header: 'Bcc: carla@practice.example,\r\n x@partner.example\r\n' }),
  );
  for (const address of [ANNA, 'carla@practice.example', SCANS]) {
    const [copy = '', ...more] = inboxOf(address);
    assert.equal(more.length, 0);
    assert.match(copy, /^Received: from platen\.example \(127\.0\.0\.1\) by /);
    assert.doesNotMatch(copy, /bcc|x@partner/i);
    assert.match(copy, /\r\nDate: Sun, 22 Nov 2026 09:00:00 \+0100\r\n\r\nHello\r\n$/);
  }
  assert.match(inboxOf(PRINT, 'Sent Items')[0] ?? '', /^Bcc: /m);
  assert.ok(!practice.imap.mailboxes.addresses().includes('x@partner.example'));
});

const AFTER_DATA: Readonly<Record<string, RegExp>> = {
  busy: /^432 4\.3\.2 Concurrent connections limit exceeded\. Visit https:\/\/aka\.ms\/concurrent_sending .*\[Hostname=/,
  throttled: /^432 4\.3\.2 STOREDRV\.ClientSubmit; sender thread limit exceeded \[Hostname=/,
  'logon-failure': /^430 4\.2\.0 STOREDRV; mailbox logon failure; .*MapiExceptionLogonFailed/,
  'send-as-denied':
    /^554 5\.2\.252 SendAsDenied; print@practice\.example not allowed to send as print@practice\.example; STOREDRV/,
  'send-as-denied-older': /^554 5\.2\.0 STOREDRV\.Submission\.Exception:SendAsDeniedException/,
  'send-as-refused': /^550 5\.7\.60 SMTP; Client does not have permissions to send as this sender \[/,
  quota: /^554 5\.2\.0 STOREDRV\.Submission\.Exception:SubmissionQuotaExceededException/,
  'tenant-limit': /^550 5\.7\.233 /,
  'blocked-sender': /^550 5\.1\.8 Access denied, bad outbound sender AS\(42004\)$/,
  'mailbox-full': /^554 5\.2\.2 mailbox full; /,
  'too-large': /^552 5\.3\.4 Message size exceeds fixed maximum message size$/,
};
for (const [name, words] of Object.entries(AFTER_DATA)) {
  test(`a message to ${name}@ is refused after the data, as often as it comes, and the session goes on`, async () => {
    const conversation = await loggedIn();
    for (let time = 0; time < 2; time += 1) {
      assert.match(await answerTo(conversation, { recipients: [ANNA, `${name}@practice.example`] }), words);
    }
    assert.match(await answerTo(conversation), /^250 /);
    assert.equal(practice.smtp.accepted().length, 1);
    assert.equal(practice.smtp.counters.refused, 2);
  });
}

test('a sender and a login bring their faults as a recipient does, and +n counts them for each message', async () => {
  giveToken('busy', 'busy+2@practice.example');
  const conversation = await loggedIn('busy+2@practice.example', 'busy');
  const own = { sender: 'busy+2@practice.example' };
  const first = mail('first', { from: 'busy+2@practice.example' });
  assert.match(await answerTo(conversation, own, first), /^432 /);
  assert.match(await answerTo(conversation, own, mail('second', { from: 'busy+2@practice.example' })), /^432 /);
  assert.match(await answerTo(conversation, own, first), /^432 /);
  assert.match(await answerTo(conversation, own, first), /^250 /, 'the third time the same message is taken');
});

const AT_RCPT: Readonly<Record<string, string>> = {
  'unknown-user': '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
  'too-many': '452 4.5.3 Too many recipients',
  'recip-limit': '550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients',
  'temp-451': '451 4.7.500 Server busy. Please try again later',
  'unknown-4xx': '499 4.9.99 {/.+/}',
  'unknown-5xx': '599 5.9.99 {/.+/}',
};
test('each recipient is answered for itself', async () => {
  const conversation = await loggedIn();
  const lines = Object.entries(AT_RCPT).map(([name, reply]) => `C: RCPT TO:<${name}@x.example>\nS: ${reply}`);
  await conversation.play(`C: MAIL FROM:<${PRINT}>\nS: 250 {/.+/}\n${lines.join('\n')}`);
  await conversation.play(`
    C: RCPT TO:<temp-451+1@x.example>
    S: 451 {/.+/}
    C: RCPT TO:<temp-451+1@x.example>
    S: 250 2.1.5 Recipient OK
  `);
});

const AT_AUTH: Readonly<Record<string, RegExp>> = {
  'token-refused': /^535 5\.7\.3 Authentication unsuccessful \[/,
  'smtp-auth-disabled': /^535 5\.7\.139 .*disabled for the Mailbox\. Visit/,
  'smtp-tenant-disabled': /^535 5\.7\.139 .*disabled for the Tenant\. Visit/,
  'basic-disabled': /^535 5\.7\.139 .*basic authentication is disabled\./,
  'basic-retired': /^550 5\.7\.30 /,
  'security-defaults': /^535 5\.7\.139 .*security defaults policy/,
  'conditional-access': /^535 5\.7\.139 .*did not meet the criteria/,
  'mailbox-gone': /^550 5\.2\.1 Mailbox cannot be accessed/,
};
for (const [name, words] of Object.entries(AT_AUTH)) {
  test(`the account ${name}@ is refused at the login`, async () => {
    giveToken('own', `${name}@practice.example`);
    const conversation = await secured();
    conversation.say(`AUTH XOAUTH2 ${xoauth2(`${name}@practice.example`, 'own')}`);
    assert.match(await conversation.hear(), words);
    assert.equal(practice.smtp.counters.logins, 0);
  });
}

for (const [name, isTaken] of [
  ['drops-in-data', false],
  ['drops-after-data', false],
  ['resets-after-data', false],
  ['drops-before-answer', true],
  ['resets-before-answer', true],
] as const) {
  test(`a message to ${name}@ loses its connection once, and is ${isTaken ? 'accepted' : 'not accepted'}`, async () => {
    const envelope = { recipients: [ANNA, `${name}@x.example`] };
    const message = mail('lost', { body: 'A long line of text\r\n'.repeat(200) });
    const conversation = await loggedIn();
    await send(conversation, envelope, message);
    await conversation.expectEnd();
    assert.equal(practice.smtp.accepted().length, isTaken ? 1 : 0);
    assert.equal(inboxOf(ANNA).length, isTaken ? 1 : 0);
    const again = await loggedIn();
    assert.match(await answerTo(again, envelope, message), /^(250 |undefined)/);
    assert.equal(practice.smtp.accepted().at(-1)?.recipients.length, 2);
    assert.equal(practice.smtp.counters.lost, 1);
  });
}

for (const [name, accepted] of [
  ['hangs-after-data', 0],
  ['hangs-before-answer', 1],
] as const) {
  test(`a message to ${name}@ is never answered, and the connection stays`, async () => {
    const conversation = await loggedIn();
    await send(conversation, { recipients: [`${name}@x.example`] });
    await until(() => practice.smtp.counters.lost === 1);
    conversation.say('NOOP');
    await assert.rejects(Promise.race([conversation.hear(), sleep(150).then(() => assert.fail('silence'))]), /silence/);
    assert.equal(practice.smtp.sessions().length, 1);
    assert.equal(practice.smtp.accepted().length, accepted);
  });
}

test('a message to slow+n@ is answered n seconds later', async () => {
  const conversation = await loggedIn();
  await send(conversation, { recipients: ['slow+1@x.example'] });
  const sentAt = performance.now();
  assert.match(await conversation.hear(), /^250 /);
  assert.ok(performance.now() - sentAt >= 900);
});

test('a recipient that bounces is accepted, and the sender finds a report of failure', async () => {
  const conversation = await loggedIn();
  assert.match(await answerTo(conversation, { recipients: ['recipient-rate@x.example', ANNA] }), /^250 /);
  const [report = '', ...more] = inboxOf(PRINT);
  assert.equal(more.length, 0);
  assert.match(report, /^Content-Type: multipart\/report; report-type=delivery-status;/m);
  assert.match(report, /^Final-Recipient: rfc822;recipient-rate@x\.example\r\nAction: failed\r\nStatus: 5\.1\.90\r\n/m);
  assert.match(report, /^In-Reply-To: <Scan@platen\.example>/m);
  assert.match(report, /^Auto-Submitted: auto-replied/m);
  assert.equal(inboxOf(ANNA).length, 1);
  assert.match(await answerTo(conversation, { sender: '', recipients: ['bounces@x.example'] }), /^250 /);
  assert.equal(inboxOf(PRINT).length, 1, 'nothing is reported to the null reverse-path');
});

const MOMENTS: readonly { phase: NonNullable<SmtpFault['phase']>; before: string; say?: string }[] = [
  { phase: 'ehlo', before: '', say: 'EHLO again.example' },
  { phase: 'mail', before: '', say: `MAIL FROM:<${PRINT}>` },
  { phase: 'rcpt', before: `MAIL FROM:<${PRINT}>`, say: `RCPT TO:<${ANNA}>` },
  { phase: 'data', before: `MAIL FROM:<${PRINT}>|RCPT TO:<${ANNA}>`, say: 'DATA' },
  { phase: 'rset', before: '', say: 'RSET' },
  { phase: 'noop', before: '', say: 'NOOP' },
  { phase: 'quit', before: '', say: 'QUIT' },
];
for (const { phase, before, say = '' } of MOMENTS) {
  test(`a fault at ${phase} is a reply of any kind or the loss of the connection, as often as it was armed`, async () => {
    const conversation = await loggedIn();
    for (const line of before.split('|').filter((text) => text !== '')) {
      conversation.say(line);
      await conversation.expect('250 {/.+/}');
    }
    practice.smtp.addFault({ phase, reply: '451 4.9.9 Not now', times: 2 });
    for (let time = 0; time < 2; time += 1) {
      conversation.say(say);
      await conversation.expect('451 4.9.9 Not now');
    }
    practice.smtp.addFault({ phase, reset: true });
    conversation.say(say);
    await conversation.expectEnd();
    assert.deepEqual(
      practice.smtp.faults.list().map(({ left, fired }) => [left, fired]),
      [
        [0, 2],
        [0, 1],
      ],
    );
  });
}

test('a fault at the greeting, at STARTTLS and at AUTH needs nobody to be known yet', async () => {
  practice.smtp.addFault({ phase: 'connect', reply: '421 4.3.2 Service not available' });
  const refused = await connected();
  await refused.play(`
    S: 421 4.3.2 Service not available
    S: <close>
  `);
  practice.smtp.addFault({ phase: 'starttls', reply: '454 4.7.0 TLS not available' });
  const plain = await connected();
  await plain.play(`
    S: 220 {/.+/}
    C: EHLO platen.example
    S: ...
    S: 250 SMTPUTF8
    C: STARTTLS
    S: 454 4.7.0 TLS not available
  `);
  practice.smtp.addFault({ phase: 'auth', drop: true, address: ANNA });
  await loggedIn();
  const anna = await secured();
  anna.say(`AUTH XOAUTH2 ${xoauth2(ANNA, 'anna')}`);
  await anna.expectEnd();
});

test('a fault in the content lets so many bytes through', async () => {
  practice.smtp.addFault({ phase: 'content', reset: true, afterBytes: 50 });
  const conversation = await loggedIn();
  await send(conversation, {}, mail('cut'));
  await conversation.expectEnd();
  assert.equal(practice.smtp.accepted().length, 0);
});

test('a refusal that comes too late does not undo what was accepted', async () => {
  practice.smtp.addFault({ phase: 'end-of-data', when: 'after', reply: '451 4.3.0 Something went wrong' });
  assert.equal(await answerTo(await loggedIn()), '451 4.3.0 Something went wrong');
  assert.equal(inboxOf(ANNA).length, 1);
});

test('a fault that is armed by name has the words of the table', async () => {
  practice.smtp.addFault({ named: 'send-as-refused', address: ANNA });
  const conversation = await loggedIn();
  assert.match(await answerTo(conversation, { recipients: ['x@partner.example'] }), /^250 /);
  assert.match(await answerTo(conversation), /^550 5\.7\.60 /);
  assert.match(await answerTo(conversation), /^250 /);
});

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!isTrue()) {
    if (performance.now() > deadline) assert.fail('it did not happen within 5 s');
    await sleep(5);
  }
}
