import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesLine, openConversation, readScript, serveConversations } from './conversation.ts';
import { makePrivateCertificate } from './private-ca.ts';

const script = `
  # both sides play the same page
  S: 220 ready
  C: EHLO {{name}}
  S: 250-first
  S: 250 {/second|third/}
  C: QUIT
  S: 221 bye
  S: <close>
`;
const values = { name: 'platen.example' };

test('client and server play the same script to its end', async () => {
  const server = script.replace('{/second|third/}', 'third');
  await using peer = await serveConversations({ scripts: [server], values });
  await using client = await openConversation({ port: peer.port });
  await client.play(script, values);
  await peer.finished;
  assert.equal(client.transcript().split('\n')[1], 'C: EHLO platen.example');
  assert.equal(client.transcript().split('\n').length, 7);
});

test('a script skips lines up to the one it waits for', async () => {
  await using peer = await serveConversations({ scripts: ['S: a\nS: b\nS: c\nS: d'] });
  await using client = await openConversation({ port: peer.port });
  await client.play('S: ...\nS: c\nS: d');
});

test('a failing conversation prints itself', async () => {
  await using peer = await serveConversations({ scripts: [script], values });
  await using client = await openConversation({ port: peer.port });
  await client.play('S: 220 ready\nC: HELO nobody');
  const said = 'S: 220 ready\nC: HELO nobody\n';
  await assert.rejects(peer.finished, { message: `expected: EHLO platen.example\n\n${said}` });
  const message = `the connection ended before a line was said\n\n${said}`;
  await assert.rejects(client.expect('250-first'), { message });
});

test('an end that comes too early, and a word after the expected end, both fail', async () => {
  await using peer = await serveConversations({ scripts: ['S: <close>', 'S: more\nS: <close>'] });
  await using first = await openConversation({ port: peer.port });
  await assert.rejects(first.play('S: 220 ready'), /the connection ended before a line was said/);
  await using second = await openConversation({ port: peer.port });
  await assert.rejects(second.play('S: <close>'), /6 bytes were said before it/);
});

test('a client too many is a failure of the server', async () => {
  await using peer = await serveConversations({ scripts: [] });
  await using client = await openConversation({ port: peer.port });
  await assert.rejects(peer.finished, /no conversation/);
  assert.equal(client.transcript(), '');
});

test('TLS begins at once or in the middle, and both sides go on inside it', async () => {
  const { ca, cert, key } = makePrivateCertificate();
  const upgrade = 'S: 220 ready\nC: STARTTLS\nS: 220 go ahead\nC: <starttls>\nC: EHLO again\nS: 250 ok';
  await using peer = await serveConversations({ scripts: [upgrade], tls: { cert, key } });
  await using client = await openConversation({ port: peer.port, tls: { ca } });
  await client.play(upgrade);
  await peer.finished;
  await using securePeer = await serveConversations({ scripts: ['S: +OK\nC: QUIT'], secure: { cert, key } });
  await using secureClient = await openConversation({ port: securePeer.port, secure: { ca } });
  await secureClient.play('S: +OK\nC: QUIT');
  await securePeer.finished;
});

test('bytes pass as they are beside lines', async () => {
  await using peer = await serveConversations({ scripts: ['S: * 1 FETCH {4}\nC: thanks'] });
  await using client = await openConversation({ port: peer.port });
  await client.expect('* 1 FETCH {{/\\d+/}}');
  client.sayBytes(Buffer.from('tha'));
  client.sayBytes('nks\r\n');
  await peer.finished;
});

test('a described line is literal but for its regular expressions', () => {
  assert.ok(matchesLine('* OK [UIDVALIDITY {/\\d+/}] fine', '* OK [UIDVALIDITY 14] fine'));
  assert.ok(!matchesLine('* OK [UIDVALIDITY {/\\d+/}] fine', '* OK [UIDVALIDITY x] fine'));
  assert.ok(matchesLine('* LIST (\\HasNoChildren) "/" "a/b"', '* LIST (\\HasNoChildren) "/" "a/b"'));
  assert.ok(!matchesLine('a.c', 'abc'));
});

test('a script with an unknown speaker or a missing value is refused', () => {
  assert.throws(() => readScript('X: hello'), /line 1 .* said by nobody/);
  assert.throws(() => readScript('C: {{user}}'), /needs a value for user/);
});
