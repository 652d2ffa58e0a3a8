import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FetchMessageObject, ImapFlow, type ImapFlowOptions } from 'imapflow';
import { type Imap, startImap } from './server.ts';
import type { Profile } from './session.ts';

const ADDRESS = 'print@practice.example';
const clock = { now: () => new Date() };
const tenant = {
  findAccessToken: (token: string) =>
    token === 'good'
      ? {
          username: ADDRESS,
          audience: 'https://outlook.office.com',
          scopes: ['IMAP.AccessAsUser.All'],
          expiresAt: new Date(Date.now() + 3_600_000),
        }
      : undefined,
  mayOpenMailbox: (username: string, address: string) => username === address,
};

let directory: string;
let tls: { key: Buffer; cert: Buffer };
let imap: Imap;
const clients = new Set<ImapFlow>();

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'platen-imap-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  tls = { key: readFileSync(key), cert: readFileSync(cert) };
});

after(() => rmSync(directory, { recursive: true }));

beforeEach(async () => {
  imap = await startImap({ tenant, clock, tls, host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  for (const client of clients) client.close();
  clients.clear();
  await imap.close();
});

async function connect(options: Partial<ImapFlowOptions> = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: 'localhost',
    port: imap.port,
    secure: true,
    tls: { ca: tls.cert },
    auth: { user: ADDRESS, accessToken: 'good' },
    logger: false,
    disableAutoIdle: true,
    ...options,
  });
  client.on('error', () => undefined); // each test sees the failure at the call it makes
  clients.add(client);
  await client.connect();
  return client;
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = AbortSignal.timeout(5000);
  while (!isTrue()) {
    if (deadline.aborted) assert.fail('it did not happen within 5 s');
    await sleep(5);
  }
}

function mailWithPdf(subject: string, bytes = 3000): Buffer {
  const pdf = Buffer.alloc(bytes, `%PDF-1.7 ${subject}\n`);
  const lines = [
    'From: Anna <anna@practice.example>',
    `To: ${ADDRESS}`,
    `Subject: ${subject}`,
    'Date: Sun, 22 Nov 2026 09:00:00 +0100',
    `Message-ID: <${subject}@practice.example>`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="cut here"',
    '',
    'preamble',
    '--cut here',
    'Content-Type: multipart/alternative; boundary=inner',
    '',
    '--inner',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'See attachment.',
    '--inner',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p>See attachment.</p>',
    '--inner--',
    '--cut here',
    `Content-Type: application/pdf; name="${subject}.pdf"`,
    `Content-Disposition: attachment; filename="${subject}.pdf"`,
    'Content-Transfer-Encoding: base64',
    '',
    ...(pdf.toString('base64').match(/.{1,76}/g) ?? []),
    '--cut here--',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}

async function fetchAll(client: ImapFlow, range: string): Promise<FetchMessageObject[]> {
  return client.fetchAll(range, { uid: true, source: true, flags: true }, { uid: true });
}

for (const profile of ['classic', 'login-disabled', 'rev2'] satisfies Profile[]) {
  test(`a mail client reads, idles, moves and leaves over TLS with the ${profile} front end`, async () => {
    imap.setProfile(profile);
    const first = mailWithPdf('first');
    imap.mailboxes.deliver(ADDRESS, first);
    const client = await connect();
    assert.equal(client.authenticated, true);
    const created = await client.mailboxCreate('Platen/Done');
    assert.equal(created.created, true);
    const mailbox = await client.mailboxOpen('INBOX');
    assert.equal(mailbox.exists, 1);
    assert.equal(mailbox.uidValidity, 14n);
    assert.ok(!mailbox.permanentFlags?.has('\\*'));

    const exists: number[] = [];
    client.on('exists', ({ count }) => exists.push(count));
    const idling = client.idle();
    await until(() => imap.sessions().some((session) => session.isIdling));
    const second = mailWithPdf('second', 200_000);
    imap.mailboxes.deliver(ADDRESS, second);
    await until(() => exists.length > 0);
    assert.deepEqual(exists, [2]);

    const unseen = await client.search({ seen: false }, { uid: true });
    await idling;
    assert.deepEqual(unseen, [101, 102]);
    const fetched = await fetchAll(client, '101:102');
    assert.deepEqual(
      fetched.map(({ uid, source }) => [uid, source]),
      [
        [101, first],
        [102, second],
      ],
    );
    await client.messageFlagsAdd('101', ['\\Seen', '$PlatenDone'], { uid: true });
    const moved = await client.messageMove('101:102', 'Platen/Done', { uid: true });
    assert.ok(moved);
    assert.deepEqual(
      [...(moved.uidMap ?? [])],
      [
        [101, 101],
        [102, 102],
      ],
    );
    assert.deepEqual(await client.search({ all: true }, { uid: true }), []);
    const done = imap.mailboxes.getFolder(ADDRESS, 'Platen/Done').messages;
    assert.deepEqual(
      done.map(({ flags }) => [...flags]),
      [['\\Seen'], []],
    );
    await client.logout();
    await until(() => imap.sessions().length === 0);
  });
}

test('a mail client sees the parts of a message and downloads one', async () => {
  imap.mailboxes.deliver(ADDRESS, mailWithPdf('parts', 150_000));
  const client = await connect();
  await client.mailboxOpen('INBOX');
  const found = await client.fetchOne('101', { envelope: true, bodyStructure: true, size: true }, { uid: true });
  assert.ok(found);
  assert.equal(found.envelope?.subject, 'parts');
  assert.deepEqual(found.envelope?.from, [{ name: 'Anna', address: 'anna@practice.example' }]);
  const [text, pdf] = found.bodyStructure?.childNodes ?? [];
  assert.deepEqual([text?.type, pdf?.type, pdf?.part], ['multipart/alternative', 'application/pdf', '2']);
  assert.equal(pdf?.dispositionParameters?.filename, 'parts.pdf');
  const { content } = await client.download('101', '2', { uid: true });
  assert.ok(content);
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  assert.deepEqual(Buffer.concat(chunks), Buffer.alloc(150_000, '%PDF-1.7 parts\n'));
  const html = await client.fetchOne('101', { bodyParts: ['1.2', '1.2.MIME'] }, { uid: true });
  assert.ok(html);
  assert.equal(html.bodyParts?.get('1.2')?.toString(), '<p>See attachment.</p>');
});

test('a TLS handshake that never ends does not keep the server from closing', async () => {
  const socket = connectTcp(imap.port, imap.host);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  const startedAt = Date.now();
  await imap.close();
  assert.ok(Date.now() - startedAt < 3000);
  await closed;
  imap = await startImap({ tenant, clock, host: '127.0.0.1', port: 0 });
});

test('a wrong token is an authentication failure', async () => {
  await assert.rejects(connect({ auth: { user: ADDRESS, accessToken: 'wrong' } }), { authenticationFailed: true });
});

test('a login without mailbox fails when the folder is opened, and the connection is gone', async () => {
  imap.faults.add({ kind: 'no-mailbox', address: ADDRESS });
  await assert.rejects(async () => {
    const client = await connect();
    await client.mailboxOpen('INBOX');
  });
});

test('a body that is cut never becomes a message', async () => {
  const mail = mailWithPdf('cut', 50_000);
  imap.mailboxes.deliver(ADDRESS, mail);
  for (const how of ['close', 'reset'] as const) {
    imap.faults.add({ kind: 'cut-fetch', afterBytes: 20_000, how });
    const client = await connect();
    const errors: unknown[] = [];
    client.on('error', (error: Error & { code?: string }) => errors.push(error.code));
    await client.mailboxOpen('INBOX');
    await assert.rejects(fetchAll(client, '101'));
    await until(() => client.usable === false);
    assert.deepEqual(errors, how === 'reset' ? ['ECONNRESET'] : []);
  }
  const client = await connect();
  await client.mailboxOpen('INBOX');
  assert.deepEqual((await fetchAll(client, '101'))[0]?.source, mail);
});

test('throttling reaches the client as such', async () => {
  imap.mailboxes.deliver(ADDRESS, mailWithPdf('one'));
  const client = await connect();
  await client.mailboxOpen('INBOX');
  imap.faults.add({ kind: 'throttle', backoffMs: 100, command: 'FETCH' });
  await assert.rejects(fetchAll(client, '1:*'));
});

test('a malformed structure does not keep a client from the whole message', async () => {
  const mail = mailWithPdf('one');
  imap.mailboxes.deliver(ADDRESS, mail);
  imap.faults.add({ kind: 'malformed-structure' });
  const client = await connect();
  await client.mailboxOpen('INBOX');
  await client.fetchOne('101', { bodyStructure: true }, { uid: true });
  assert.equal(imap.faults.list()[0]?.fired, 1);
  assert.deepEqual((await fetchAll(client, '101'))[0]?.source, mail);
});

test('a thousand messages of 100 KB are served in one go', { timeout: 60_000 }, async () => {
  const mail = mailWithPdf('many', 75_000);
  for (let index = 0; index < 1000; index += 1) imap.mailboxes.deliver(ADDRESS, mail);
  const client = await connect();
  await client.mailboxOpen('INBOX');
  const startedAt = process.hrtime.bigint();
  let bytes = 0;
  for await (const { source } of client.fetch('1:*', { uid: true, source: true })) bytes += source?.length ?? 0;
  const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  assert.equal(bytes, 1000 * mail.length);
  await client.messageMove('1:*', 'Archive');
  assert.equal(imap.mailboxes.getFolder(ADDRESS, 'Archive').messages.length, 1000);
  assert.equal(imap.counters.bodiesFetched, 1000);
  // About 1 s on two cores; a scan per message would take minutes.
  assert.ok(seconds < 20, `${seconds} s`);
});
