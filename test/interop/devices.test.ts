/** Devices as other people wrote them: swaks and Postfix' smtp-source hand mail to the relay. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRelayFigures } from '../../server/relay/relay.ts';
import { begin, finish, openRelay, RECIPIENT, runProgram, SENDER, type TestRelay } from '../harness/relay.ts';

const swaks = (relay: TestRelay, ...options: string[]) =>
  runProgram('swaks', ['--server', '127.0.0.1', '--port', String(relay.port), '--to', RECIPIENT, ...options]);

const smtpSource = (relay: TestRelay, ...options: string[]) =>
  runProgram('smtp-source', ['-t', RECIPIENT, '-f', 'scanner@copier.local', ...options, `127.0.0.1:${relay.port}`]);

test('swaks sends a message with an attachment', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const file = join(relay.test.directory, 'scan.pdf');
  writeFileSync(file, Buffer.alloc(300_000, 'a PDF of no pages '));
  const heard = await swaks(relay, '--from', 'scanner@copier.local', '--attach', `@${file}`, '--suppress-data');
  assert.match(heard, /<- {2}250 2\.6\.0 Kept as/);
  const [kept] = await relay.kept();
  assert.equal(kept?.sender, SENDER);
  assert.equal(kept?.isSpooled, true);
  assert.match(kept?.body ?? '', /filename="scan\.pdf"/);
});

test('swaks signs in over TLS in each way that it knows and we offer', async () => {
  await using relay = await openRelay();
  const { password } = await relay.addDevice({ addresses: [], credential: { username: 'scan' } });
  for (const method of ['PLAIN', 'LOGIN']) {
    const sign = ['--auth', method, '--auth-user', 'scan', '--auth-password', password ?? ''];
    assert.match(await swaks(relay, '--tls', ...sign), /<~ {2}250 2\.6\.0 Kept as/);
    assert.match(await swaks(relay, ...sign), /Host did not advertise authentication|538 5\.7\.11/);
  }
  assert.equal((await relay.kept()).length, 2);
});

test('swaks that says everything at once is understood', async () => {
  await using relay = await openRelay();
  await relay.addDevice();
  const heard = await swaks(relay, '--pipeline', '--from', 'scanner@copier.local', '--body', 'a\\n.\\n..\\nb');
  assert.match(heard, /250 2\.6\.0 Kept as/);
  assert.match((await relay.kept())[0]?.body ?? '', /^a\r\n\.\r\n\.\.\r\nb\r\n/);
});

test('smtp-source sends 300 messages on 20 connections, each message on a new one', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxSessions: 100, messagesPerMinute: 10_000, messagesPerDay: 10_000 } });
  const heard = await smtpSource(relay, '-s', '20', '-m', '300', '-l', '10240');
  assert.match(heard, /ended with 0/, heard);
  const kept = await relay.kept();
  assert.equal(kept.length, 300);
  assert.equal(new Set(kept.map(({ messageIdHeader }) => messageIdHeader)).size, 300);
});

test('smtp-source sends large messages on connections that it keeps open', async () => {
  await using relay = await openRelay();
  await relay.addDevice({ limits: { maxSessions: 100, messagesPerMinute: 10_000 } });
  const heard = await smtpSource(relay, '-d', '-s', '5', '-m', '20', '-l', '2000000');
  assert.match(heard, /ended with 0/, heard);
  const kept = await relay.kept();
  assert.equal(kept.length, 20);
  assert.ok(kept.every(({ isSpooled, raw }) => isSpooled && raw.length > 2_000_000));
});

test('100 devices send at the same time, each as itself, and none of their scans is lost or doubled', async () => {
  await using relay = await openRelay();
  const devices = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      relay.addDevice({ name: `Copier ${index}`, addresses: [`127.0.1.${index + 1}`] }),
    ),
  );
  const ids = devices.map(({ device }) => device.id);
  const answers = (await Promise.all(ids.map((_, device) => sendScans(relay, device)))).flat();
  assert.deepEqual(
    answers.filter((answer) => !answer.startsWith('250 ')),
    [],
  );
  const kept = await relay.kept();
  assert.equal(kept.length, 300);
  assert.deepEqual(
    kept.map(({ deviceId, subject }) => `${ids.indexOf(deviceId ?? '')} ${subject}`).sort(),
    ids.flatMap((_, device) => [0, 1, 2].map((message) => `${device} scan ${device} ${message}`)).sort(),
  );
  assert.equal(readRelayFigures(relay.test.context).accepted, 300);
});

/** Three scans on one connection from the address of a device. */
async function sendScans(relay: TestRelay, device: number): Promise<string[]> {
  await using conversation = await relay.greet({ localAddress: `127.0.1.${device + 1}` });
  const answers: string[] = [];
  for (let message = 0; message < 3; message++) {
    await begin(conversation);
    const body = `${'x'.repeat(76)}\r\n`.repeat(message === 1 ? 2000 : 20);
    answers.push(await finish(conversation, `Subject: scan ${device} ${message}\r\n\r\n${body}`));
  }
  return answers;
}
