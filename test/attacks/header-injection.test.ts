/** Attack 12 of the threat model: control characters and look-alikes in whatever ends in a header, a command or the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { isMessageId } from '../../server/relay/message/rewrite.ts';
import { relayRoutes } from '../../server/relay/routes.ts';
import { begin, finish, openRelay, SENDER } from '../harness/relay.ts';
import { addPerson, call, openServer } from './callers.ts';

const piece = fc.constantFrom(
  ...[
    'a',
    ' ',
    '\t',
    '"',
    '\\',
    '<',
    '>',
    '@',
    ',',
    ':',
    ';',
    '(',
    ')',
    '=?utf-8?q?=0D=0ABcc:_eve@x.example?=',
    '=?',
    '?=',
  ],
  ...['\r\n ', '\r\n\t', 'ü', '\u001b[31m', '\u0085', 'eve@elsewhere.example', 'Bcc: eve@elsewhere.example', '\u007f'],
);
const text = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));

test('whatever stands in the fields of a scan, what leaves is one header with one sender', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { messagesPerMinute: 10_000 } });
  await using conversation = await relay.greet();
  const property = fc.asyncProperty(text, text, text, text, async (from, subject, to, replyTo) => {
    const header = `From: ${from}\r\nSubject: ${subject}\r\nTo: ${to}\r\nReply-To: ${replyTo}\r\nBcc: ${to}\r\n`;
    await begin(conversation);
    assert.match(await finish(conversation, Buffer.from(`${header}\r\nbody\r\n`)), /^250 /);
    const kept = (await relay.kept()).at(-1);
    assert.ok(kept !== undefined);
    assert.deepEqual(kept.recipients, ['ada@contoso.example']);
    assert.doesNotMatch(kept.text, /[^\r]\n|\r[^\n]|\0/);
    assert.equal(kept.body, 'body\r\n');
    assert.ok(!kept.fields.has('bcc'));
    assert.equal(kept.fields.get('from')?.length, 1);
    const read = await PostalMime.parse(kept.raw);
    assert.equal(read.from?.address, SENDER);
    assert.equal(read.bcc, undefined);
    assert.ok(isMessageId(read.messageId ?? ''));
    assert.doesNotMatch(kept.subject, /\p{Cc}/u);
  });
  await fc.assert(property, { numRuns: 150 });
});

test('HELO and MAIL FROM cannot write into the trace field', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  for (const helo of ['a)(b', 'x\u001b[2J', 'a;b', '[127.0.0.1]', 'é'.repeat(50), 'x'.repeat(300)]) {
    await using conversation = await relay.open();
    await conversation.play('S: 220 {/.*/}');
    conversation.say(`HELO ${helo}`);
    if (!(await conversation.hear()).startsWith('250')) continue;
    await begin(conversation, { from: 'a"b;c(d)@e' });
    assert.match(await finish(conversation, 'Subject: a\r\n\r\nb\r\n'), /^250 /);
    const [received] = (await relay.kept()).at(-1)?.fields.get('received') ?? [];
    assert.match(
      received ?? '',
      /^from [A-Za-z0-9.:_-]{1,100} \(\[127\.0\.0\.1\]\) by [a-z0-9.]+ \(Platen\) with SMTP id \S+; /,
    );
  }
});

test('a command line of more than 2048 bytes ends the connection', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const line = (bytes: number) => `NOOP ${'x'.repeat(bytes - 5)}`;
  await using conversation = await relay.greet();
  conversation.say(line(2048));
  await conversation.play('S: 250 {/.*/}');
  conversation.say(line(2049));
  await conversation.play(`
    S: 421 4.5.2 Command line too long
    S: <close>`);
});

test('a device cannot be given a name, domain or address that breaks out of a line', async () => {
  await using server = await openServer({ routes: [relayRoutes] });
  const { headers } = await addPerson(server, 'administrator');
  const good = { name: 'Copier', addresses: ['192.0.2.7'] };
  const bad = [
    { name: 'two\r\nlines' },
    { name: 'a\u202eb' },
    { name: ' ' },
    { name: 'x'.repeat(101) },
    { addresses: ['192.0.2.7\r\n'.repeat(2)] },
    { addresses: ['fe80::1%eth0'] },
    { allowedDomains: ['contoso.example\r\nx'] },
    { allowedDomains: ['*.example'] },
    { credential: { username: 'two words' } },
    { credential: { username: 'a', password: 'short' } },
    { credential: { username: 'a', password: 'long enough\0' } },
    { senderMap: { sender: '"a\r\n"@contoso.example' } },
    { senderMap: { displayName: 'a\r\nBcc: eve@x.example' } },
    { limits: { maxSessions: 0 } },
    { limits: { maxMessageBytes: 1e12 } },
  ];
  for (const change of bad) {
    const answer = await call(server, 'POST', '/api/v1/devices', { headers, body: { ...good, ...change } });
    assert.deepEqual([answer.status, answer.json.code], [400, 'invalid-request'], JSON.stringify(change));
  }
  assert.equal((await call(server, 'POST', '/api/v1/devices', { headers, body: good })).status, 201);
});
