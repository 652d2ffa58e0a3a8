/** Attack 24 of the threat model at the relay: connections, slowness, guesses and sheer size. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { MINUTE_MS, SECOND_MS } from '../../server/base/clock.ts';
import { readRelayFigures } from '../../server/relay/relay.ts';
import { begin, finish, openRelay, type TestRelay } from '../harness/relay.ts';
import { eventually } from '../harness/time.ts';

type Opened = Disposable & { readonly greetings: readonly string[] };

/** Opens many connections from an address and hears the first line on each. */
async function openMany(relay: TestRelay, count: number, localAddress = '127.0.0.1'): Promise<Opened> {
  const sockets: Socket[] = [];
  const greetings = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = connect({ port: relay.port, host: '127.0.0.1', localAddress });
      sockets.push(socket);
      return await new Promise<string>((resolve) => {
        socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
        socket.once('error', () => resolve('error'));
        socket.once('close', () => resolve('closed'));
      });
    }),
  );
  return {
    greetings,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const count = (greetings: readonly string[], code: string) => greetings.filter((line) => line.startsWith(code)).length;

test('a device has as many connections at a time as its limits say, and gets them back', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxSessions: 3 } });
  {
    using many = await openMany(relay, 5);
    assert.deepEqual([count(many.greetings, '220'), count(many.greetings, '421')], [3, 2]);
  }
  await eventually(() => readRelayFigures(relay.test.context).sessions === 0);
  using again = await openMany(relay, 3);
  assert.equal(count(again.greetings, '220'), 3);
});

test('strangers get ten connections from one address and half of all, and leave room for devices', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: ['127.0.1.1'], limits: { maxSessions: 100 } });
  const crowds: Opened[] = [];
  try {
    for (let host = 1; host <= 8; host++) crowds.push(await openMany(relay, 15, `127.0.0.${host}`));
    const greetings = crowds.map((crowd) => count(crowd.greetings, '220'));
    assert.deepEqual(greetings, [10, 10, 10, 10, 10, 0, 0, 0]);
    crowds.push(await openMany(relay, 60, '127.0.1.1'));
    assert.equal(count(crowds.at(-1)?.greetings ?? [], '220'), 50);
  } finally {
    for (const crowd of crowds) crowd[Symbol.dispose]();
  }
  await eventually(() => readRelayFigures(relay.test.context).sessions === 0);
});

test('silence between commands ends the connection after a minute', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  relay.test.clock.advance(55 * SECOND_MS);
  await conversation.play(`
    C: NOOP
    S: 250 {/.*/}`);
  relay.test.clock.advance(55 * SECOND_MS);
  await conversation.play(`
    C: NOOP
    S: 250 {/.*/}`);
  relay.test.clock.advance(65 * SECOND_MS);
  await conversation.play(`
    S: 421 4.4.2 Timeout
    S: <close>`);
});

test('a stranger who keeps talking without signing in has a minute in all', async () => {
  await using relay = await openRelay();
  await using conversation = await relay.greet();
  for (let turn = 0; turn < 2; turn++) {
    relay.test.clock.advance(25 * SECOND_MS);
    await conversation.play(`
      C: NOOP
      S: 250 {/.*/}`);
  }
  relay.test.clock.advance(15 * SECOND_MS);
  await conversation.play(`
    S: 421 4.4.2 Timeout
    S: <close>`);
});

test('a half command that never ends is silence too', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  for (let turn = 0; turn < 7; turn++) {
    conversation.sayBytes('N');
    relay.test.clock.advance(10 * SECOND_MS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await conversation.play('S: 421 4.4.2 Timeout');
});

test('a message that drips in is ended after five minutes, and one that keeps up 500 bytes a second is not', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  for (const [bytesPerMinute, isEnded] of [
    [60, true],
    [40_000, false],
  ] as const) {
    await using conversation = await relay.greet();
    await begin(conversation);
    conversation.sayBytes('Subject: slow\r\n\r\n');
    for (let minute = 0; minute < 7; minute++) {
      conversation.sayBytes(`${'x'.repeat(58)}\r\n`.repeat(Math.ceil(bytesPerMinute / 60)));
      // The bytes have to arrive before time moves on.
      await new Promise((resolve) => setTimeout(resolve, 30));
      relay.test.clock.advance(MINUTE_MS);
    }
    if (isEnded) await conversation.play('S: 421 4.4.2 Timeout');
    else assert.match(await finish(conversation, ''), /^250 /);
  }
  assert.equal((await relay.kept()).length, 1);
});

test('the tenth error ends the connection', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}`);
  for (let error = 0; error < 10; error++) {
    await conversation.play(`
      C: RCPT TO:<eve@elsewhere.example>
      S: 550 5.7.1 Recipient refused`);
  }
  await conversation.play(`
    S: 421 4.7.0 Too many errors
    S: <close>`);
});

test('ten wrong passwords from an address, and it has to wait, also with the right one', async () => {
  await using relay = await openRelay();
  const credential = { username: 'scan', password: 'the right one' };
  await relay.addDevice({ addresses: [], credential, allowsPlainAuth: true });
  const auth = (password: string) => `AUTH PLAIN ${Buffer.from(`\0scan\0${password}`).toString('base64')}`;
  for (let session = 0; session < 2; session++) {
    await using conversation = await relay.greet();
    for (let guess = 0; guess < 5; guess++) {
      await conversation.play(`
        C: ${auth(`guess ${session} ${guess}`)}
        S: 535 5.7.8 Authentication failed`);
    }
  }
  {
    await using conversation = await relay.greet();
    await conversation.play(`
      C: ${auth('the right one')}
      S: 454 4.7.0 Try again later`);
  }
  relay.test.clock.advance(15 * MINUTE_MS + SECOND_MS);
  await using conversation = await relay.greet();
  await conversation.play(`
    C: ${auth('the right one')}
    S: 235 {/.*/}`);
});

test('a message may be as large as the limit of its device, and not a byte larger', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxMessageBytes: 200_000 } });
  const header = 'Subject: size\r\n\r\n';
  const message = (bytes: number) =>
    `${header}${`${'x'.repeat(98)}\r\n`.repeat(1990)}`.padEnd(bytes - 2, 'y').concat('\r\n');
  assert.match(await relay.send(message(200_000)), /^250 /);
  assert.equal(await relay.send(message(200_001)), '552 5.3.4 Message too large');
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local> SIZE=200001
    S: 552 5.3.4 Message too large
    C: MAIL FROM:<scanner@copier.local> SIZE=200000
    S: 250 {/.*/}`);
});

test('a header may have 256 KiB, and a line of the message 2048 bytes', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const header = (bytes: number) =>
    `${`X-Filler: ${'x'.repeat(88)}\r\n`.repeat(3000)}`
      .slice(0, bytes - 104)
      .concat(`\r\nX-End: ${'x'.repeat(93)}\r\n`);
  const exact = header(256 * 1024);
  assert.equal(exact.length, 256 * 1024);
  assert.match(await relay.send(`${exact}\r\nbody\r\n`), /^250 /);
  assert.equal(await relay.send(`X${exact}\r\nbody\r\n`), '550 5.6.0 Header too large');
  assert.equal(await relay.send(`X: y\r\n`.repeat(100_000)), '550 5.6.0 Header too large');
  assert.match(await relay.send(`Subject: a\r\n\r\n${'x'.repeat(2046)}\r\n`), /^250 /);
  assert.equal(await relay.send(`Subject: a\r\n\r\n${'x'.repeat(2047)}\r\n`), '550 5.6.0 Line too long');
  assert.equal(await relay.send(`Subject: a\r\n\r\n${'x'.repeat(500_000)}\r\n`), '550 5.6.0 Line too long');
});

test('a message may have as many recipients as the limit of its device, and the rest come in another one', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxRecipients: 3 } });
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}`);
  for (const [name, answer] of [
    ['a', '250'],
    ['b', '250'],
    ['c', '250'],
    ['d', '452 4.5.3'],
  ]) {
    await conversation.play(`
      C: RCPT TO:<${name}@contoso.example>
      S: ${answer} {/.*/}`);
  }
  await conversation.play(`
    C: DATA
    S: 354 {/.*/}`);
  assert.match(await finish(conversation, 'Subject: a\r\n\r\n'), /^250 /);
  assert.deepEqual(
    (await relay.kept())[0]?.recipients,
    ['a', 'b', 'c'].map((name) => `${name}@contoso.example`),
  );
});

test('a browser that is made to talk to the relay is hung up on', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.open();
  await conversation.play(`
    S: 220 {/.*/}
    C: POST / HTTP/1.1
    S: 421 {/.*/}
    S: <close>`);
});
