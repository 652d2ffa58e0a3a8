/** Attacks 9 and 23 of the threat model: using the relay for mail of others, and sending mail in a circle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setReadAddresses } from '../../server/connections/connections.ts';
import { readJournal } from '../../server/journal/journal.ts';
import { readRelayFigures } from '../../server/relay/relay.ts';
import { openRelay, RECIPIENT, runProgram, type TestRelay } from '../harness/relay.ts';

const TRICKS = [
  'eve@elsewhere.example',
  'eve%elsewhere.example@contoso.example',
  'elsewhere.example!eve@contoso.example',
  '@contoso.example:eve@elsewhere.example',
  '@a.example,@contoso.example:eve@contoso.example',
  '"eve@elsewhere.example"@contoso.example',
  '"eve"@contoso.example',
  'eve@elsewhere.example@contoso.example',
  'eve@contoso.example@elsewhere.example',
  'eve@contoso.example.',
  'eve@.contoso.example',
  'eve@contoso.example.elsewhere.example',
  'eve@notcontoso.example',
  'eve@[192.0.2.1]',
  'eve@[127.0.0.1]',
  'eve@contoso',
  'eve',
  'postmaster',
  '',
  '@contoso.example',
  'eve@',
  'eve@contoso.example,bob@elsewhere.example',
  'eve@contoso.example\u0000@elsewhere.example',
  'ev\u00e9@contoso.example',
  `${'a'.repeat(65)}@contoso.example`,
];

async function assertNothingKept(relay: TestRelay): Promise<void> {
  assert.deepEqual(await relay.kept(), []);
}

test('no form of address makes the relay pass mail to a domain that is not allowed', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  for (const trick of TRICKS) {
    for (const path of [`<${trick}>`, trick]) {
      await using conversation = await relay.greet();
      await conversation.play(`
        C: MAIL FROM:<scanner@copier.local>
        S: 250 {/.*/}
        C: RCPT TO:${path}
        S: 550 {/5\\.(1\\.3|7\\.1)/} Recipient refused
        C: DATA
        S: 503 {/.*/}`);
    }
  }
  await assertNothingKept(relay);
});

test('who is no device is refused with 550, whatever sender and recipient it names', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: ['192.0.2.0/24', '2001:db8::/32'] });
  for (const from of ['print@contoso.example', 'scanner@copier.local', '', 'postmaster']) {
    await using conversation = await relay.greet();
    await conversation.play(`
      C: MAIL FROM:<${from}>
      S: 550 5.7.1 Relaying denied
      C: RCPT TO:<${RECIPIENT}>
      S: 503 {/.*/}
      C: DATA
      S: 503 {/.*/}`);
  }
  await assertNothingKept(relay);
});

test('a device that is switched off is a stranger', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ isEnabled: false });
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied`);
});

test('an empty sender, as automatic replies have it, is refused', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<>
    S: 550 5.7.1 Sender refused
    C: MAIL FROM:
    S: 550 5.7.1 Sender refused`);
});

test('what a proxy may say about the sender is not listened to', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: ['192.0.2.7'] });
  await using conversation = await relay.greet();
  await conversation.play(`
    C: XCLIENT ADDR=192.0.2.7
    S: 500 {/.*/}
    C: XFORWARD ADDR=192.0.2.7
    S: 500 {/.*/}
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied`);
});

test('swaks as an open relay test gets nothing through', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: ['127.0.0.2'] });
  const swaks = (...options: string[]) =>
    runProgram('swaks', ['--server', '127.0.0.1', '--port', String(relay.port), ...options]);
  const foreign = await swaks('--from', 'eve@elsewhere.example', '--to', RECIPIENT);
  assert.match(foreign, /<\*\* 550 5\.7\.1 Relaying denied/);
  const local = ['--local-interface', '127.0.0.2'];
  for (const to of TRICKS.filter((trick) => /^[\x21-\x7e]+$/.test(trick) && !trick.includes(','))) {
    const heard = await swaks(...local, '--from', 'scanner@copier.local', '--to', to);
    assert.match(heard, /<\*\* 550 /, to);
  }
  assert.match(await swaks(...local, '--from', '<>', '--to', RECIPIENT), /<\*\* 550 5\.7\.1 Sender/);
  await assertNothingKept(relay);
});

test('a recipient whose mailbox Platen reads is refused, also in other letters', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const mailboxId = '01890000-0000-7000-8000-000000000001';
  await setReadAddresses(relay.test.context, mailboxId, ['jobs@contoso.example']);
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<Jobs@Contoso.Example>
    S: 550 5.4.6 Recipient refused
    C: RCPT TO:<${RECIPIENT}>
    S: 250 {/.*/}`);
});

test('a message that comes back is known by its stamp', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  assert.match(await relay.send('Subject: round\r\n\r\nand round\r\n'), /^250 /);
  const [kept] = await relay.kept();
  assert.equal(await relay.send(kept?.raw ?? ''), '554 5.4.6 Loop detected');
  const hidden = (kept?.text ?? '').replace('X-Platen-Hop:', 'x-PLATEN-hop :');
  assert.equal(await relay.send(hidden), '554 5.4.6 Loop detected');
  const forged = (kept?.text ?? '').replace(/X-Platen-Hop: (\S+) \S+/, `X-Platen-Hop: $1 ${'0'.repeat(32)}`);
  assert.match(await relay.send(forged), /^250 /);
});

test('a message has 25 hops behind it at the most', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const hops = (count: number) => `${'Received: from a by b; now\r\n'.repeat(count)}Subject: hops\r\n\r\n`;
  assert.match(await relay.send(hops(25)), /^250 /);
  assert.equal(await relay.send(hops(26)), '554 5.4.6 Loop detected');
});

test('refusals stand in the journal with their reason, once a minute each', async () => {
  await using relay = await openRelay();
  await using conversation = await relay.greet({ helo: 'evil.example' });
  for (let guess = 0; guess < 3; guess++) {
    await conversation.play(`
      C: MAIL FROM:<eve@elsewhere.example>
      S: 550 5.7.1 Relaying denied`);
  }
  await relay.relay[Symbol.asyncDispose]();
  const events = await readJournal(relay.test.context, { type: 'device-refused', limit: 10 });
  assert.deepEqual(
    events.map(({ subjectId, data }) => [subjectId, data]),
    [['127.0.0.1', { reason: 'not-a-device', remoteAddress: '127.0.0.1', helo: 'evil.example', from: '', name: null }]],
  );
  assert.deepEqual(readRelayFigures(relay.test.context).refused, { 'not-a-device': 3 });
});
