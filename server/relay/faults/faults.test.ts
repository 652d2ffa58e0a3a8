import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, finish, openRelay, runProgram, type TestRelay } from '../../../test/harness/relay.ts';
import { eventually } from '../../../test/harness/time.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../base/clock.ts';
import { readJournal } from '../../journal/journal.ts';
import { addDevice, removeDevice } from '../relay.ts';
import { readUse } from '../seen.ts';
import {
  type DeviceFault,
  DeviceFaults,
  dismissDeviceFault,
  faultLimits,
  forgetOldFaults,
  listDeviceFaults,
} from './faults.ts';

const SCAN =
  'From: s@copier.local\r\nTo: ada@contoso.example\r\nDate: Sat, 28 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n';

type Shown = Pick<DeviceFault, 'reason' | 'address' | 'count' | 'words' | 'repairs'> & { readonly name: string | null };

async function listFaults({ test: { context } }: TestRelay): Promise<Shown[]> {
  const faults = await listDeviceFaults(context);
  return faults.map(({ device, reason, address, count, words, repairs }) => {
    return { name: device?.name ?? null, reason, address, count, words, repairs };
  });
}

/** Waits for faults as they should be, the writing of which nobody waits for. */
async function assertFaults(relay: TestRelay, expected: readonly Partial<Shown>[]): Promise<void> {
  const read = async () => {
    const faults = await listFaults(relay);
    return faults.map((fault, at) => {
      const keys = Object.keys(expected[at] ?? fault) as (keyof Shown)[];
      return Object.fromEntries(keys.map((key) => [key, fault[key]]));
    });
  };
  const isAsExpected = async () => {
    try {
      assert.deepEqual(await read(), expected);
      return true;
    } catch {
      return false;
    }
  };
  await eventually(isAsExpected, { what: 'the faults' }).catch(async () => assert.deepEqual(await read(), expected));
}

async function knock(relay: TestRelay, localAddress = '127.0.0.1'): Promise<void> {
  await using conversation = await relay.greet({ localAddress, helo: 'stranger' });
  await conversation.play(`
    C: MAIL FROM:<who@copier.local>
    S: 550 5.7.1 Relaying denied`);
}

test('an unknown address that tries is listed with what it said, how often, and until it is a device', async () => {
  await using relay = await openRelay();
  const { context, clock } = relay.test;
  const startedAt = clock.now();
  await knock(relay, '127.0.0.9');
  const first = {
    name: null,
    reason: 'not-a-device',
    address: '127.0.0.9',
    count: 1,
    words: 'EHLO stranger · MAIL FROM:<who@copier.local>',
  } as const;
  await assertFaults(relay, [first]);
  // Within the same minute it is counted in memory, and written with the next look.
  clock.advance(SECOND_MS);
  await knock(relay, '127.0.0.9');
  clock.advance(5 * SECOND_MS);
  await assertFaults(relay, [{ ...first, count: 2 }]);
  const [fault] = await listDeviceFaults(context);
  assert.equal(fault?.firstAt.getTime(), startedAt.getTime());
  assert.equal(fault?.lastAt.getTime(), startedAt.getTime() + SECOND_MS);
  const told = await readJournal(context, { type: 'device-refused', limit: 10 });
  assert.deepEqual(
    told.map(({ subjectId }) => subjectId),
    ['127.0.0.9'],
  );
  await relay.addDevice({ name: 'New', addresses: ['127.0.0.8/30'] });
  await assertFaults(relay, []);
});

test('an address that is ignored stays so while it tries, and is forgotten a month later', async () => {
  await using relay = await openRelay();
  const { context, clock } = relay.test;
  await knock(relay);
  await assertFaults(relay, [{ count: 1 }]);
  const [fault] = await listDeviceFaults(context);
  await dismissDeviceFault(context, fault?.id ?? '', 'ada');
  await assertFaults(relay, []);
  const [told] = await readJournal(context, { type: 'device-fault-dismissed', limit: 1 });
  assert.deepEqual([told?.actor, told?.data], ['ada', { reason: 'not-a-device', remoteAddress: '127.0.0.1' }]);
  clock.advance(20 * DAY_MS);
  await knock(relay);
  clock.advance(MINUTE_MS);
  const countOf = async () => (await context.db.selectFrom('device_faults').select('count').execute())[0]?.count;
  await eventually(async () => (await countOf()) === 2, { what: 'the second try' });
  await forgetOldFaults(context);
  await assertFaults(relay, []);
  clock.advance(31 * DAY_MS);
  await forgetOldFaults(context);
  assert.equal(await countOf(), undefined);
  await knock(relay);
  await assertFaults(relay, [{ count: 1 }]);
  await assert.rejects(dismissDeviceFault(context, fault?.id ?? '', 'ada'), { code: 'not-found' });
});

test('what a device does wrong at its sign-in is its own fault, and over with its first message', async () => {
  await using relay = await openRelay();
  const { context, clock } = relay.test;
  const { device } = await relay.addDevice({
    addresses: [],
    credential: { username: 'scan', password: 'the right one' },
    allowsPlainAuth: true,
  });
  const auth = (password: string) => `AUTH PLAIN ${Buffer.from(`\0scan\0${password}`).toString('base64')}`;
  await using conversation = await relay.greet();
  await conversation.play(`
    C: ${auth('a wrong one')}
    S: 535 5.7.8 Authentication failed`);
  await assertFaults(relay, [{ name: 'Copier', reason: 'wrong-credentials', words: 'EHLO copier.local' }]);
  clock.advance(SECOND_MS);
  await conversation.play(`
    C: ${auth('the right one')}
    S: 235 {/.*/}`);
  await begin(conversation);
  assert.match(await finish(conversation, SCAN), /^250 /);
  await assertFaults(relay, []);
  const use = (await readUse(context, [device.id])).get(device.id);
  assert.deepEqual(use, { lastMessageAt: clock.now(), messagesToday: 1, recipientsToday: 1 });
  clock.advance(DAY_MS);
  assert.equal((await readUse(context, [device.id])).get(device.id)?.messagesToday, 0);
});

test('a device that must sign in from its address and does not is no unknown one', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ credential: { username: 'scan', password: 'the right one' } });
  await knock(relay);
  await assertFaults(relay, [{ name: 'Copier', reason: 'not-a-device' }]);
});

test('a connection more than a device may open is told of the device, though it was never let in', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxSessions: 1 } });
  await using _first = await relay.greet();
  await using second = await relay.open();
  assert.match(await second.hear(), /^421 4\.7\.0 /);
  await assertFaults(relay, [{ name: 'Copier', reason: 'too-many-sessions', count: 1 }]);
});

test('a message that a device may not send is told until it is taken off, and comes back', async () => {
  await using relay = await openRelay();
  const { context, clock } = relay.test;
  const { device } = await relay.addDevice({ limits: { maxMessageBytes: 2000 } });
  const large = `${SCAN}${'x'.repeat(78)}\r\n`.repeat(40);
  assert.equal(await relay.send(large), '552 5.3.4 Message too large');
  const fault = {
    name: 'Copier',
    reason: 'too-large',
    words: 'EHLO copier.local · RCPT TO:<ada@contoso.example>',
  } as const;
  await assertFaults(relay, [fault]);
  clock.advance(SECOND_MS);
  assert.match(await relay.send(SCAN), /^250 /);
  await assertFaults(relay, [fault]);
  const [listed] = await listDeviceFaults(context);
  await dismissDeviceFault(context, listed?.id ?? '', 'ada');
  await assertFaults(relay, []);
  clock.advance(MINUTE_MS);
  assert.equal(await relay.send(large), '552 5.3.4 Message too large');
  await assertFaults(relay, [{ ...fault, count: 1 }]);
  clock.advance(faultLimits.shownMs + SECOND_MS);
  await assertFaults(relay, []);
  assert.equal(await relay.send(large), '552 5.3.4 Message too large');
  await assertFaults(relay, [fault]);
  await removeDevice(context, device.id, 'ada');
  assert.equal((await context.db.selectFrom('device_faults').selectAll().execute()).length, 0);
});

test('what Platen mends in the messages of a device is told, each kind once', async () => {
  await using relay = await openRelay();
  const { clock } = relay.test;
  await relay.addDevice({ normalisesBareLf: true });
  assert.match(await relay.send(SCAN), /^250 /);
  assert.deepEqual(await listFaults(relay), []);
  // Neither is a device asked for a Message-ID, which every server adds.
  const id = 'Message-ID: <always@copier.local>\r\n';
  assert.match(await relay.send(`${id}${SCAN}`), /^250 /);
  assert.match(await relay.send(`${id}${SCAN}`), /^250 /);
  assert.deepEqual(await listFaults(relay), []);
  assert.match(await relay.send(`${id}${SCAN}another scan\r\n`), /^250 /);
  await assertFaults(relay, [{ name: 'Copier', reason: 'repaired', count: 1, repairs: ['message-id'] }]);
  assert.match(
    await relay.send('From: s@copier.local\r\nBcc: ada@contoso.example\r\nSubject: a\nb: c\r\n\r\nHello\r\n'),
    /^250 /,
  );
  clock.advance(5 * SECOND_MS);
  await assertFaults(relay, [
    { reason: 'repaired', count: 2, repairs: ['date', 'line-ends', 'message-id', 'recipients'] },
  ]);
});

/** OpenSSL as a device: its options decide what goes wrong. */
async function handshake(relay: TestRelay, options: readonly string[]): Promise<void> {
  const target = ['-connect', `127.0.0.1:${relay.port}`, '-starttls', 'smtp', '-name', 'copier.local'];
  await runProgram('openssl', ['s_client', ...target, ...options]);
}

test('a device whose TLS is too old, and one that does not trust the certificate, are told apart', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  await handshake(relay, ['-tls1_1', '-cipher', 'ALL:@SECLEVEL=0']);
  const words = 'EHLO copier.local · TLS: unsupported protocol';
  await assertFaults(relay, [{ name: 'Copier', reason: 'tls-too-old', count: 1, words }]);
  relay.test.clock.advance(SECOND_MS);
  await handshake(relay, ['-verify_return_error', '-no-CAfile', '-no-CApath', '-no-CAstore']);
  await assertFaults(relay, [
    { name: 'Copier', reason: 'tls-untrusted', count: 1, words: 'EHLO copier.local · TLS: tlsv1 alert unknown ca' },
    { name: 'Copier', reason: 'tls-too-old', count: 1, words },
  ]);
});

test('whoever scans the network fills neither the table nor the memory, and a database that is away refuses nobody', async () => {
  await using relay = await openRelay();
  const { context } = relay.test;
  const { device } = await addDevice(context, { name: 'Copier', addresses: ['192.0.2.1'] }, 'test');
  const faults = new DeviceFaults(context);
  const words = '';
  faults.note({ deviceId: device.id, address: '192.0.2.1', reason: 'too-large', words });
  for (let at = 0; at < faultLimits.maxPending + 10; at++) {
    const address = `198.51.${at >> 8}.${at & 255}`;
    faults.note({ deviceId: undefined, address, reason: 'not-a-device', words });
    faults.note({ deviceId: undefined, address, reason: 'too-slow', words });
  }
  await faults.flush();
  const rows = await context.db.selectFrom('device_faults').select(['device_id', 'reason']).execute();
  assert.equal(rows.length, faultLimits.maxStrangers + 1);
  assert.ok(rows.every(({ reason }) => reason !== 'too-slow'));
  assert.equal(rows.filter(({ device_id: id }) => id !== null).length, 1);
  await context.db.schema.alterTable('device_faults').renameTo('device_faults_away').execute();
  faults.note({ deviceId: device.id, address: '192.0.2.1', reason: 'too-large', words });
  await faults.flush();
  assert.match(relay.test.logLines.join(''), /faults of devices could not be written/);
});
