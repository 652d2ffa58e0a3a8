import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { afterEach, beforeEach, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createTransport, type Transporter } from 'nodemailer';
import { openConversation } from '../../test/harness/conversation.ts';
import { type RunningPracticeTenant, startPracticeTenant } from '../main.ts';
import { clientOf } from '../testing.ts';

const PRINT = 'print@practice.example';
const ANNA = 'anna@practice.example';
const SMTP_SCOPES = 'https://outlook.office.com/SMTP.Send offline_access openid';

let practice: RunningPracticeTenant;
const transports = new Set<Transporter>();

beforeEach(async () => {
  practice = await startPracticeTenant({ printers: [] });
});

afterEach(async () => {
  for (const transport of transports) transport.close();
  transports.clear();
  await practice.close();
});

async function signIn(account = PRINT, scope = SMTP_SCOPES): Promise<string> {
  return String((await clientOf(practice).signIn(account, { scope })).json.access_token);
}

function transportFor(accessToken: string, more: { user?: string; pool?: true; maxConnections?: number } = {}) {
  const { user = PRINT, ...pooling } = more;
  const transport = createTransport({
    ...pooling,
    host: 'localhost',
    port: practice.smtp.port,
    requireTLS: true,
    tls: { ca: practice.certificates.ca, minVersion: 'TLSv1.2' },
    auth: { type: 'OAuth2', user, accessToken },
  });
  transports.add(transport);
  return transport;
}

test('a real client signs in with a granted token and sends a scan to several people', async () => {
  const transport = transportFor(await signIn());
  const pdf = randomBytes(300_000);
  const sent = await transport.sendMail({
    from: `"Scanner, ground floor" <${PRINT}>`,
    to: [ANNA, 'x@partner.example'],
    bcc: 'bruno@practice.example',
    subject: 'Scansione è pronta',
    text: '.\n..\n.leading dots\n',
    attachments: [{ filename: 'scan.pdf', content: pdf }],
  });
  assert.match(sent.response, /^250 2\.0\.0 OK <\S+> \[Hostname=\S+\]$/);
  assert.deepEqual(sent.accepted, [ANNA, 'x@partner.example', 'bruno@practice.example']);
  const [message] = practice.smtp.accepted();
  assert.equal(message?.messageId, sent.messageId);
  for (const address of [ANNA, 'bruno@practice.example']) {
    const [copy] = practice.imap.mailboxes.getFolder(address, 'INBOX').messages;
    const text = copy?.bytes.toString('latin1') ?? '';
    const base64 = /Content-Disposition: attachment; filename=scan\.pdf\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(text)?.[1];
    assert.ok(Buffer.from(base64 ?? '', 'base64').equals(pdf));
  }
});

test('a client whose token was granted for reading only, or to somebody else, is refused', async () => {
  const reading = await signIn(PRINT, 'https://outlook.office.com/IMAP.AccessAsUser.All openid');
  await assert.rejects(transportFor(reading).verify(), /535 5\.7\.3 Authentication unsuccessful/);
  await assert.rejects(transportFor(await signIn(ANNA)).verify(), { code: 'EAUTH', responseCode: 535 });
});

test('the client learns which of its recipients were refused, and the others get the message', async () => {
  const to = [ANNA, 'unknown-user@x.example', 'temp-451@x.example'];
  const sent = await transportFor(await signIn()).sendMail({ from: PRINT, to, subject: 'some', text: 'some' });
  assert.deepEqual(sent.accepted, [ANNA]);
  assert.deepEqual(sent.rejected, ['unknown-user@x.example', 'temp-451@x.example']);
  assert.deepEqual(
    sent.rejectedErrors?.map((error) => error.responseCode),
    [550, 451],
  );
});

test('a pool of two sessions sends what it is given and stays under the limit', async () => {
  const transport = transportFor(await signIn(), { pool: true, maxConnections: 2 });
  const messages = Array.from({ length: 20 }, (_, index) => ({
    from: PRINT,
    to: ANNA,
    subject: `${index}`,
    text: 'x',
  }));
  await Promise.all(messages.map((message) => transport.sendMail(message)));
  assert.equal(practice.smtp.accepted().length, 20);
  assert.equal(practice.smtp.counters.logins, 2);
  assert.equal(practice.smtp.counters.mostSessions[PRINT], 2);
});

test('a client that waits for an answer that was lost does not know what has happened', async () => {
  const transport = transportFor(await signIn());
  const message = { from: PRINT, to: [ANNA, 'resets-before-answer@x.example'], subject: 'lost', text: 'lost' };
  await assert.rejects(transport.sendMail(message), /ECONNRESET|closed/i);
  assert.equal(practice.imap.mailboxes.getFolder(ANNA, 'INBOX').messages.length, 1);
});

test('old TLS is let in, told what is wrong in words, and sent away', async () => {
  const plain = connectTcp(practice.smtp.port, '127.0.0.1');
  await once(plain, 'data');
  plain.write('EHLO old.example\r\n');
  await once(plain, 'data');
  plain.write('STARTTLS\r\n');
  await once(plain, 'data');
  const { ca } = practice.certificates;
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
  const secured = connectTls({ socket: plain, servername: 'localhost', ca, ...old });
  await once(secured, 'secureConnect');
  secured.write('EHLO old.example\r\n');
  const [reply] = (await once(secured, 'data')) as [Buffer];
  assert.match(reply.toString(), /^421 4\.7\.66 TLS 1\.0 and 1\.1 are not supported\./);
  await once(secured, 'close');
});

test('garbage, endless lines and half handshakes end nothing but their own connection', async () => {
  const { port } = practice.smtp;
  practice.smtp.setSwitches({ idleMs: 300 });
  const sockets = await Promise.all(
    ['\0\0\0\r\n'.repeat(20), 'x'.repeat(100_000), 'EHLO a\r\nSTARTTLS\r\n\x16\x03\x01garbage'].map(async (bytes) => {
      const socket = connectTcp(port, '127.0.0.1');
      socket.on('error', () => undefined); // a reset is as good as a close
      await once(socket, 'connect');
      socket.write(bytes, 'latin1');
      socket.resume();
      return socket;
    }),
  );
  await Promise.all(sockets.map((socket) => socket.closed || once(socket, 'close')));
  await using conversation = await openConversation({ port });
  await conversation.expect('220 {/.+/}');
});
