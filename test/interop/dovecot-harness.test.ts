import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { type Dovecot, startDovecot } from '../harness/dovecot.ts';
import { makePrivateCertificate } from '../harness/private-ca.ts';

const TOKEN = 'a-token-of-the-print-room';
const user = 'print@practice.example';
const message = [
  'From: anna@practice.example',
  `To: ${user}`,
  'Subject: two dots',
  '',
  '.at the start of a line',
  '..',
  'grüße',
  '',
].join('\r\n');

let dovecot: Dovecot;
const asked: string[] = [];

// RFC 7662 section 2.2: an unknown token is inactive, and nothing more is said about it.
const { ca, cert, key } = makePrivateCertificate();
const introspection = createServer({ cert, key }, async (request, response) => {
  let form = '';
  for await (const chunk of request) form += chunk;
  const token = new URLSearchParams(form).get('token') ?? '';
  asked.push(token);
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(token === TOKEN ? { active: true, username: user, scope: 'imap' } : { active: false }));
});

before(async () => {
  introspection.listen(0, '127.0.0.1');
  await once(introspection, 'listening');
  const { port } = introspection.address() as AddressInfo;
  const vouching = { url: `https://localhost:${port}/introspect`, ca };
  dovecot = await startDovecot({ tls: { cert, key }, introspection: vouching, password: 'bench' });
});

after(async () => {
  await dovecot?.close();
  introspection.closeAllConnections();
  introspection.close();
});

type Login = { readonly user: string; readonly accessToken: string } | { readonly user: string; readonly pass: string };

function client(t: TestContext, auth: Login): ImapFlow {
  const imap = new ImapFlow({
    host: 'localhost',
    port: dovecot.ports.imaps,
    secure: true,
    auth,
    logger: false,
    tls: { ca },
  });
  imap.on('error', () => imap.close());
  t.after(() => imap.close());
  return imap;
}

test('a token that introspection vouches for opens the mailbox', async (t) => {
  const imap = client(t, { user, accessToken: TOKEN });
  await imap.connect();
  const inbox = await imap.mailboxOpen('INBOX');
  assert.equal(inbox.path, 'INBOX');
  assert.ok(asked.includes(TOKEN));
  await imap.logout();
});

test('a wrong token and the token of another user are refused', async (t) => {
  for (const auth of [
    { user, accessToken: 'a-wrong-token' },
    { user: 'anna@practice.example', accessToken: TOKEN },
  ]) {
    await assert.rejects(client(t, auth).connect(), { authenticationFailed: true });
  }
});

test('a delivered message appears, byte for byte, and is moved', async (t) => {
  await dovecot.deliver(user, message);
  const imap = client(t, { user, accessToken: TOKEN });
  await imap.connect();
  await imap.mailboxOpen('INBOX');
  const found = await imap.search({ all: true }, { uid: true });
  assert.ok(found);
  assert.equal(found.length, 1);
  const fetched = await imap.fetchOne(String(found[0]), { source: true }, { uid: true });
  const source = fetched ? fetched.source?.toString() : undefined;
  assert.ok(source?.endsWith(message), source);
  await imap.mailboxCreate('Platen/Done');
  const moved = await imap.messageMove(String(found[0]), 'Platen/Done', { uid: true });
  assert.ok(moved);
  assert.equal(moved.uidMap?.size, 1);
  assert.deepEqual(await imap.search({ all: true }, { uid: true }), []);
  const done = await imap.status('Platen/Done', { messages: true });
  assert.ok(done);
  assert.equal(done.messages, 1);
  await imap.logout();
});

test('a message that arrives during IDLE is announced', async (t) => {
  const imap = client(t, { user: 'bruno@practice.example', pass: 'bench' });
  await imap.connect();
  await imap.mailboxOpen('INBOX');
  const announced = once(imap, 'exists');
  const idle = imap.idle();
  await dovecot.deliver('bruno@practice.example', message);
  const [event] = (await announced) as [{ count: number }];
  assert.equal(event.count, 1);
  await imap.logout();
  await idle;
});

test('a password that is not the given one is refused', async (t) => {
  await assert.rejects(client(t, { user, pass: 'guess' }).connect(), { authenticationFailed: true });
});
