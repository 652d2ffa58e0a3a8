import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { sql } from 'kysely';
import { openConversation } from '../../test/harness/conversation.ts';
import { begin, finish, openRelay, RECIPIENT, SENDER, setSender, type TestRelay } from '../../test/harness/relay.ts';
import { eventually } from '../../test/harness/time.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import type { Context } from '../store/database.ts';
import { readCertificate } from './certificate.ts';
import { readRange } from './devices.ts';
import { MinuteRates } from './limits.ts';
import { listDevices, readRelayFigures, relayAddress, removeDevice, updateDevice } from './relay.ts';

const SCAN = 'From: scanner@copier.local\r\nTo: ada@contoso.example\r\nSubject: Scan\r\n\r\nHello\r\n.a dot\r\n';

function codeOf(code: string) {
  return (error: unknown) => error instanceof PlatenError && error.code === code;
}

async function typesOf(context: Context): Promise<string[]> {
  const events = await readJournal(context, { limit: 100 });
  return events.map(({ type }) => type);
}

test('a scan of a known device stands in the outbox when the device hears 250', async () => {
  await using relay = await openRelay();
  const { device } = await relay.addDevice();
  assert.match(await relay.send(SCAN), /^250 2\.6\.0 Kept as [0-9a-f-]{36}$/);
  const [kept] = await relay.kept();
  assert.ok(kept !== undefined);
  assert.equal(kept.deviceId, device.id);
  assert.equal(kept.sender, SENDER);
  assert.deepEqual(kept.recipients, [RECIPIENT]);
  assert.equal(kept.subject, 'Scan');
  assert.equal(kept.body, 'Hello\r\n.a dot\r\n');
  assert.deepEqual(kept.fields.get('from'), ['"Copier" <print@contoso.example>']);
  assert.deepEqual(kept.fields.get('reply-to'), ['<scanner@copier.local>']);
  assert.deepEqual(kept.fields.get('message-id'), [kept.messageIdHeader]);
  const [received = ''] = kept.fields.get('received') ?? [];
  assert.match(received, /^from copier\.local \(\[127\.0\.0\.1\]\) by .* with ESMTP id /);
  assert.ok(received.includes(` id ${kept.id};`), 'the trace leads to the message in the outbox');
  assert.equal(kept.fields.get('date')?.length, 1);
  const { sessions, ...figures } = readRelayFigures(relay.test.context);
  assert.deepEqual(figures, { accepted: 1, refused: {}, disk: 'plenty' });
  // The device has its answer before the listener has seen it hang up.
  assert.ok(sessions <= 1);
  await eventually(() => readRelayFigures(relay.test.context).sessions === 0, { what: 'the end of the session' });
});

test('a large scan is streamed to the spool and comes out byte for byte', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const line = `${'A'.repeat(74)}\r\n`;
  const body = `${line.repeat(40_000)}.\r\n..\r\n${line}`;
  assert.match(await relay.send(`Subject: Large\r\n\r\n${body}`), /^250 /);
  const [kept] = await relay.kept();
  assert.equal(kept?.isSpooled, true);
  assert.ok(kept?.body === body);
  const { sha256 } = await relay.test.context.db
    .selectFrom('outbox_messages')
    .select('sha256')
    .executeTakeFirstOrThrow();
  assert.ok(createHash('sha256').update(kept.raw).digest().equals(sha256));
});

test('sizes around what is held in memory come out byte for byte', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { messagesPerMinute: 100 } });
  const header = 'Subject: Size\r\n\r\n';
  const bodies = [0, 1, 65_536, 131_072].flatMap((size) =>
    [-2, -1, 0, 1, 2].map(
      (more) => `${`${'b'.repeat(98)}\r\n`.repeat(Math.max(0, size + more - header.length) / 100)}`,
    ),
  );
  await using conversation = await relay.greet();
  for (const body of bodies) {
    await begin(conversation);
    assert.match(await finish(conversation, `${header}${body}\r\n`), /^250 /);
  }
  const kept = await relay.kept();
  assert.deepEqual(
    kept.map((one) => one.body),
    bodies.map((body) => `${body}\r\n`),
  );
});

test('a device that signs in over TLS is known from anywhere, and its password is shown once', async () => {
  await using relay = await openRelay();
  const { password } = await relay.addDevice({ addresses: [], credential: { username: 'Scan-1' } });
  assert.match(password ?? '', /^[a-z2-9]{20}$/);
  const plain = Buffer.from(`\0scan-1\0${password}`).toString('base64');
  const { cert } = await readCertificate(relay.test.context);
  await using conversation = await openConversation({ port: relay.port, tls: { ca: cert } });
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: 250-{/.*/}
    S: 250-PIPELINING
    S: 250-8BITMIME
    S: 250-ENHANCEDSTATUSCODES
    S: 250-STARTTLS
    S: 250 SIZE 36700160
    C: AUTH PLAIN ${plain}
    S: 538 5.7.11 Encryption required
    C: STARTTLS
    S: 220 {/.*/}
    C: <starttls>
    C: EHLO copier.local
    S: ...
    S: 250-AUTH PLAIN LOGIN
    S: 250 SIZE 36700160
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied
    C: AUTH PLAIN ${Buffer.from('\0scan-1\0wrong').toString('base64')}
    S: 535 5.7.8 Authentication failed
    C: AUTH PLAIN ${plain}
    S: 235 {/.*/}`);
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  assert.match((await relay.kept())[0]?.fields.get('received')?.[0] ?? '', /with ESMTPSA id/);
  assert.ok(!relay.test.logLines.join('').includes(password ?? ''));
});

test('a password without TLS is taken only from a device for which that is allowed', async () => {
  await using relay = await openRelay();
  const credential = { username: 'old', password: 'old copier' };
  const { device } = await relay.addDevice({ addresses: [], credential, allowsPlainAuth: true });
  await using conversation = await relay.open();
  await conversation.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250-AUTH PLAIN LOGIN
    S: ...
    S: 250 {/.*/}
    C: AUTH LOGIN
    S: 334 VXNlcm5hbWU6
    C: ${Buffer.from('old').toString('base64')}
    S: 334 UGFzc3dvcmQ6
    C: ${Buffer.from('old copier').toString('base64')}
    S: 235 {/.*/}`);
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  await updateDevice(relay.test.context, device.id, { change: { allowsPlainAuth: false }, actor: 'test' });
  await using later = await relay.open();
  await later.play(`
    S: 220 {/.*/}
    C: EHLO copier.local
    S: ...
    S: 250-STARTTLS
    S: 250 {/.*/}
    C: AUTH LOGIN
    S: 538 5.7.11 Encryption required`);
});

test('a credential that is bound to addresses is worth nothing elsewhere', async () => {
  await using relay = await openRelay();
  const credential = { username: 'scan', password: 'a long password' };
  await relay.addDevice({ addresses: ['192.0.2.0/24'], credential, allowsPlainAuth: true });
  await relay.addDevice({ name: 'Old', addresses: [], credential: { username: 'old' }, allowsPlainAuth: true });
  await using conversation = await relay.greet();
  await conversation.play(`
    C: AUTH PLAIN ${Buffer.from('\0scan\0a long password').toString('base64')}
    S: 535 5.7.8 Authentication failed
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied`);
});

test('a device that is changed or removed is that at its next message, also in a session that is open', async () => {
  await using relay = await openRelay();
  const { device } = await relay.addDevice();
  await using conversation = await relay.greet();
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  const change = { allowedDomains: ['fabrikam.example'] };
  await updateDevice(relay.test.context, device.id, { change, actor: 'test' });
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<ada@contoso.example>
    S: 550 5.7.1 Recipient refused
    C: RCPT TO:<bob@Fabrikam.example>
    S: 250 {/.*/}
    C: RSET
    S: 250 {/.*/}`);
  await removeDevice(relay.test.context, device.id, 'test');
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 550 5.7.1 Relaying denied`);
  const types = await typesOf(relay.test.context);
  for (const type of ['device-added', 'device-changed', 'device-removed']) assert.ok(types.includes(type), type);
});

test('without a sender e-mail nothing is taken, and nothing is lost: the device tries again', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await relay.test.context.db.updateTable('network_settings').set({ sender_email: null }).execute();
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 451 4.3.5 Not ready for mail`);
  await setSender(relay.test, SENDER);
  relay.test.clock.advance(2 * SECOND_MS);
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
});

test('a device with a sender of its own sends as that one, and to its domain', async () => {
  await using relay = await openRelay();
  const senderMap = { sender: 'scan@fabrikam.example', displayName: 'Empfang "Süd"', ownAddress: 'nowhere' } as const;
  await relay.addDevice({ senderMap });
  assert.match(await relay.send(SCAN, { to: 'bob@fabrikam.example' }), /^250 /);
  const [kept] = await relay.kept();
  assert.equal(kept?.sender, 'scan@fabrikam.example');
  assert.match(kept?.fields.get('from')?.[0] ?? '', /^=\?UTF-8\?B\?.* <scan@fabrikam\.example>$/);
  assert.equal(kept?.fields.has('reply-to'), false);
  assert.match(kept?.messageIdHeader ?? '', /@fabrikam\.example>$/);
});

test('a copier that calls itself by no address at all can send', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const message = 'From: Scanner in the hall\r\nSubject: Scan\r\n\r\nHello\r\n';
  assert.match(await relay.send(message, { from: 'scanner' }), /^250 /);
  const [kept] = await relay.kept();
  assert.deepEqual(kept?.fields.get('from'), ['"Copier" <print@contoso.example>']);
  assert.equal(kept?.fields.has('reply-to'), false);
});

test('a Message-ID that comes again with another scan is replaced, and a copy of a scan keeps what it had', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const scan = (text: string) => `Message-ID: <same@copier.local>\r\nSubject: ${text}\r\n\r\n${text}\r\n`;
  for (const text of ['one', 'two', 'one', 'two', 'three']) assert.match(await relay.send(scan(text)), /^250 /);
  const ids = (await relay.kept()).map(({ messageIdHeader }) => messageIdHeader);
  assert.equal(ids[0], '<same@copier.local>');
  assert.equal(ids[2], ids[0]);
  assert.equal(ids[3], ids[1]);
  assert.equal(new Set(ids).size, 3);
  assert.match(ids[1] ?? '', /^<[0-9a-f]{40}@contoso\.example>$/);
});

test('the same Message-ID at the same time from many connections is kept by one scan alone', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const scans = Array.from({ length: 8 }, (_, index) => `Message-ID: <a@b.example>\r\nSubject: ${index}\r\n\r\n`);
  await Promise.all(scans.map((scan) => relay.send(scan)));
  const ids = (await relay.kept()).map(({ messageIdHeader }) => messageIdHeader);
  assert.equal(new Set(ids).size, 8);
  assert.equal(ids.filter((id) => id === '<a@b.example>').length, 1);
});

test('bare line feeds are repaired for a device that is marked so, and refused from any other', async () => {
  await using relay = await openRelay();
  const { device } = await relay.addDevice();
  const message = 'Subject: Scan\nTo: ada@contoso.example\n\nHello\n.\nworld\rend';
  assert.equal(await relay.send(message), '550 5.6.11 Bare CR, LF or NUL refused');
  await updateDevice(relay.test.context, device.id, { change: { normalisesBareLf: true }, actor: 'test' });
  assert.match(await relay.send(message), /^250 /);
  assert.equal(await relay.send('Subject: a\r\n\r\na\0b\r\n'), '550 5.6.11 Bare CR, LF or NUL refused');
  const [kept, ...more] = await relay.kept();
  assert.equal(more.length, 0);
  assert.equal(kept?.subject, 'Scan');
  assert.equal(kept?.body, 'Hello\r\n.\r\nworld\r\nend\r\n');
});

test('a device may send as much a minute and a day as its limits say, and is told to wait', async () => {
  await using relay = await openRelay();
  const { test, ...rest } = relay;
  await rest.addDevice({ limits: { messagesPerMinute: 2, messagesPerDay: 3 } });
  await using conversation = await relay.greet();
  const wait = `
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<ada@contoso.example>
    S: 250 {/.*/}
    C: DATA
    S: 450 4.7.1 Too many messages, try again later
    C: RSET
    S: 250 {/.*/}`;
  for (let message = 0; message < 2; message++) {
    await begin(conversation);
    assert.match(await finish(conversation, SCAN), /^250 /);
  }
  await conversation.play(wait);
  await letRatesPass(relay, 31);
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  test.clock.advance(2 * MINUTE_MS);
  await using later = await relay.greet();
  await later.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 450 4.7.1 Too many messages, try again later`);
  assert.deepEqual((await test.context.db.selectFrom('device_days').select('messages').execute())[0]?.messages, 3);
  test.clock.advance(DAY_MS);
  await letRatesPass(relay, 60);
  await using tomorrow = await relay.greet();
  await begin(tomorrow);
});

test('a device may write to as many recipients a day as its limit says, counted by all nodes', async () => {
  await using one = await openRelay();
  await one.addDevice({ limits: { recipientsPerDay: 5, maxRecipients: 4 } });
  await using other = await openRelay({ besides: one.test });
  const name = (count: number) =>
    Array.from({ length: count }, (_, at) => `\n    C: RCPT TO:<p${at}@contoso.example>\n    S: 250 {/.*/}`).join('');
  const from = `
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}`;
  const tomorrow = '450 4.7.1 Too many recipients today, try again tomorrow';
  const refused = `
    C: RCPT TO:<late@contoso.example>
    S: ${tomorrow}`;
  await using first = await one.greet();
  await first.play(`${from}${name(2)}\n    C: DATA\n    S: 354 {/.*/}`);
  assert.match(await finish(first, SCAN), /^250 /);
  // Both nodes know of the two of the message, and a node of those that its sessions have named and not sent yet.
  one.test.clock.advance(2 * SECOND_MS);
  await using second = await other.greet();
  await using third = await other.greet();
  await second.play(`${from}${name(1)}`);
  await third.play(`${from}${name(2)}${refused}\n    C: DATA\n    S: 354 {/.*/}`);
  assert.match(await finish(third, SCAN), /^250 /);
  await second.play(`    C: DATA\n    S: 354 {/.*/}`);
  assert.match(await finish(second, SCAN), /^250 /);
  one.test.clock.advance(2 * SECOND_MS);
  for (const node of [one, other]) {
    await using full = await node.greet();
    await full.play(`
      C: MAIL FROM:<scanner@copier.local>
      S: ${tomorrow}`);
  }
  const days = await one.test.context.db.selectFrom('device_days').select(['messages', 'recipients']).execute();
  assert.deepEqual(days, [{ messages: 3, recipients: 5 }]);
  one.test.clock.advance(DAY_MS);
  await using nextDay = await one.greet();
  await begin(nextDay);
});

/** As if the messages of this minute had been counted so long ago, by the clock of the database. */
async function letRatesPass({ test: { context } }: TestRelay, seconds: number): Promise<void> {
  const counted_at = sql<Date>`counted_at - make_interval(secs => ${seconds})`;
  await context.db.updateTable('device_rates').set({ counted_at }).execute();
}

test('the messages of a minute are counted by all nodes together', async () => {
  await using one = await openRelay();
  await one.addDevice({ limits: { messagesPerMinute: 4 } });
  await using other = await openRelay({ besides: one.test });
  const nodes = [one, other, one, other];
  for (const node of nodes) assert.match(await node.send(SCAN), /^250 /);
  for (const node of [one, other]) {
    await using conversation = await node.greet();
    await conversation.play(`
      C: MAIL FROM:<scanner@copier.local>
      S: 250 {/.*/}
      C: RCPT TO:<ada@contoso.example>
      S: 250 {/.*/}
      C: DATA
      S: 450 4.7.1 Too many messages, try again later`);
  }
  await letRatesPass(one, 16);
  assert.match(await other.send(SCAN), /^250 /);
  await letRatesPass(one, 3600);
  for (const node of nodes) assert.match(await node.send(SCAN), /^250 /);
  await using conversation = await one.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<ada@contoso.example>
    S: 250 {/.*/}
    C: DATA
    S: 450 4.7.1 Too many messages, try again later`);
});

test('a node that is given several messages at once never gives a device more than its minute', async () => {
  await using node = await openRelay();
  const { device } = await node.addDevice({ limits: { messagesPerMinute: 60 } });
  const rates = [new MinuteRates(node.test.context), new MinuteRates(node.test.context)];
  const asked = Array.from({ length: 200 }, (_, index) => (rates[index % 2] as MinuteRates).take(device.id, 60));
  const taken = (await Promise.all(asked)).filter(Boolean).length;
  // A few may have grown while they were asked for.
  assert.ok(taken >= 60 && taken <= 75, String(taken));
});

test('a disk that fills up is told before DATA, and mail is taken again when there is room', async () => {
  let freeBytes = 50;
  await using relay = await openRelay({ relay: { readDisk: async () => ({ freeBytes, totalBytes: 100 }) } });
  await relay.addDevice();
  await using conversation = await relay.greet();
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  for (const [free, answer] of [
    [10, '250 {/.*/}'],
    [9, '452 4.3.1 Insufficient system storage'],
    [12, '250 {/.*/}'],
  ] as const) {
    freeBytes = free;
    relay.test.clock.advance(2 * SECOND_MS);
    await conversation.play(`
      C: MAIL FROM:<scanner@copier.local>
      S: ${answer}
      C: RSET
      S: 250 {/.*/}`);
  }
  assert.ok((await typesOf(relay.test.context)).includes('relay-storage-changed'));
});

test('a disk that fills up between MAIL and DATA is told at DATA', async () => {
  let freeBytes = 50;
  await using relay = await openRelay({ relay: { readDisk: async () => ({ freeBytes, totalBytes: 100 }) } });
  await relay.addDevice();
  await using conversation = await relay.greet();
  await conversation.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 250 {/.*/}
    C: RCPT TO:<ada@contoso.example>
    S: 250 {/.*/}`);
  freeBytes = 5;
  relay.test.clock.advance(2 * SECOND_MS);
  await using other = await relay.greet();
  await other.play(`
    C: MAIL FROM:<scanner@copier.local>
    S: 452 4.3.1 Insufficient system storage`);
  await conversation.play(`
    C: DATA
    S: 452 4.3.1 Insufficient system storage`);
});

test('a message that cannot be kept is answered with 451, and what was written of it is no message', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const { db } = relay.test.context;
  await db.schema.alterTable('outbox_recipients').renameTo('away').execute();
  const large = `Subject: Large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(3000)}`;
  assert.equal(await relay.send(SCAN), '451 4.3.0 Try again later');
  assert.equal(await relay.send(large), '451 4.3.0 Try again later');
  await db.schema.alterTable('away').renameTo('outbox_recipients').execute();
  assert.deepEqual(await relay.kept(), []);
  assert.match(await relay.send(SCAN), /^250 /);
  assert.match(await relay.send(large), /^250 /);
  assert.equal((await relay.kept()).length, 2);
});

test('a spool that cannot be written is answered with 451', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const { settings } = relay.test.context;
  await rename(settings.spoolDir, `${settings.spoolDir}-away`);
  await writeFile(settings.spoolDir, 'no folder');
  const large = `Subject: Large\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(3000)}`;
  assert.equal(await relay.send(large), '451 4.3.0 Try again later');
  await rm(settings.spoolDir);
  await rename(`${settings.spoolDir}-away`, settings.spoolDir);
  relay.test.clock.advance(2 * SECOND_MS);
  assert.match(await relay.send(large), /^250 /);
});

test('a device that says all at once gets every answer in its order, and its messages are told apart', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  const envelope = `MAIL FROM:<scanner@copier.local>\r\nRCPT TO:<${RECIPIENT}>\r\nDATA\r\n`;
  const large = `${'A'.repeat(74)}\r\n`.repeat(2000);
  const bodies = ['one\r\n', '', large, 'four\r\n'];
  const messages = bodies.map((body) => `${envelope}Subject: a\r\n\r\n${body}.\r\n`);
  conversation.sayBytes(Buffer.from(`${messages.join('')}QUIT\r\nNOOP\r\n`));
  const answers: string[] = [];
  while (!answers.at(-1)?.startsWith('221')) answers.push(await conversation.hear());
  const codes = answers.map((answer) => answer.slice(0, 4));
  const each = ['250 ', '250 ', '354 ', '250 '];
  assert.deepEqual(codes, [...each, ...each, ...each, ...each, '221 ']);
  assert.deepEqual(
    (await relay.kept()).map(({ body }) => body),
    bodies,
  );
});

test('a database that hangs is given up, and the device told to come again', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using conversation = await relay.greet();
  await begin(conversation);
  const { db } = relay.test.context;
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: locked, resolve: lock } = Promise.withResolvers<void>();
  const holding = db.transaction().execute(async (other) => {
    await sql`LOCK TABLE outbox_messages IN ACCESS EXCLUSIVE MODE`.execute(other);
    lock();
    await released;
  });
  await locked;
  const answer = finish(conversation, SCAN);
  await eventually(async () => {
    const { rows } = await sql`SELECT FROM pg_locks WHERE NOT granted`.execute(db);
    return rows.length > 0;
  });
  relay.test.clock.advance(31 * SECOND_MS);
  assert.match(await answer, /^451 4\.3\.0 /);
  release();
  await holding;
});

test('a device that hangs up in the middle leaves nothing behind', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  for (const lines of [1, 5000]) {
    const conversation = await relay.greet();
    await begin(conversation);
    conversation.sayBytes(`Subject: cut\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat(lines)}`);
    await new Promise((resolve) => setImmediate(resolve));
    await conversation[Symbol.asyncDispose]();
  }
  await eventually(() => readRelayFigures(relay.test.context).sessions === 0);
  assert.deepEqual(await relay.kept(), []);
  const files = () =>
    readdirSync(relay.test.context.settings.spoolDir, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
  await eventually(() => files().length === 0, { what: 'the cut off file is removed' });
});

test('when Platen stops, a message that is being sent is taken, and idle devices are told to come again', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await using idle = await relay.greet();
  await using busy = await relay.greet();
  await begin(busy);
  busy.sayBytes('Subject: late\r\n\r\n');
  await eventually(() => readRelayFigures(relay.test.context).sessions === 2);
  const stopped = relay.relay[Symbol.asyncDispose]();
  await idle.play(`
    S: 421 4.3.2 Stopping
    S: <close>`);
  assert.match(await finish(busy, 'end\r\n'), /^250 /);
  busy.end();
  await stopped;
  assert.equal((await relay.kept()).length, 1);
  assert.equal(relayAddress(relay.test.context), undefined);
});

test('two devices cannot have the same name, user name or range', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ addresses: ['192.0.2.0/24', '2001:db8::/32'] });
  await relay.addDevice({ name: 'Second', addresses: [], credential: { username: 'scan' } });
  const refused = codeOf('device-taken');
  await assert.rejects(relay.addDevice({ addresses: ['198.51.100.1'] }), refused);
  await assert.rejects(relay.addDevice({ name: 'Third', addresses: ['192.0.2.77/24'] }), refused);
  await assert.rejects(relay.addDevice({ name: 'Third', addresses: ['2001:DB8:0::/32'] }), refused);
  await assert.rejects(relay.addDevice({ name: 'Third', addresses: [], credential: { username: 'SCAN' } }), refused);
  await relay.addDevice({ name: 'Third', addresses: ['192.0.2.0/25'] });
  assert.deepEqual(
    (await listDevices(relay.test.context, { limit: 10 })).map(({ name }) => name),
    ['Copier', 'Second', 'Third'],
  );
});

test('a device needs an address or a credential, and no range that holds half of the Internet', async () => {
  await using relay = await openRelay();
  const refused = codeOf('invalid-request');
  await assert.rejects(relay.addDevice({ addresses: [] }), refused);
  for (const range of ['0.0.0.0/0', '::/0', '10.0.0.0/7', '300.1.1.1', 'copier', '10.0.0.0/33', '10.0.0.0/-1', '']) {
    await assert.rejects(relay.addDevice({ addresses: [range] }), refused, range);
  }
  const { device } = await relay.addDevice({ addresses: ['10.0.0.0/8'] });
  const change = { addresses: [] };
  await assert.rejects(updateDevice(relay.test.context, device.id, { change, actor: 'test' }), refused);
});

test('of two ranges that hold an address the narrower one says which device it is', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ name: 'All', addresses: ['127.0.0.0/8'] });
  const { device } = await relay.addDevice({ name: 'One', addresses: ['127.0.0.1'] });
  assert.match(await relay.send(SCAN), /^250 /);
  assert.equal((await relay.kept())[0]?.deviceId, device.id);
  await updateDevice(relay.test.context, device.id, { change: { isEnabled: false }, actor: 'test' });
  assert.match(await relay.send(SCAN), /^250 /);
  assert.notEqual((await relay.kept())[1]?.deviceId, device.id);
});

test('a range holds its addresses in every way of writing them, and no others', () => {
  assert.ok(readRange('192.0.2.0/24').contains('192.0.2.255'));
  assert.ok(!readRange('192.0.2.0/24').contains('192.0.3.0'));
  assert.ok(!readRange('192.0.2.0/24').contains('::1'));
  assert.ok(readRange('2001:DB8::/32').contains('2001:db8:0:0::7'));
  assert.ok(!readRange('2001:db8::/32').contains('192.0.2.1'));
  assert.ok(readRange('fe80::/10').contains('fe80::1%eth0'));
  assert.ok(!readRange('192.0.2.7').contains('unknown'));
});
