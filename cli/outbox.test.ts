import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, runCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-0000000000c7';
const DEVICE = '01900000-0000-7000-8000-0000000000d8';
const HOSTILE = 'Scan\u001b[2J\u0007\r\nFake: line';

const problem = {
  code: 'sender-not-allowed',
  title: 'The mailbox may not send as this address',
  advice: 'Give it the right to send as this address.',
  detail: 'refused at the end of data',
  remote: '554 5.2.252 SendAsDenied; print@contoso.example',
  at: '2026-11-22T10:00:09.000Z',
};

const held = {
  id: ID,
  kind: 'scan',
  deviceId: DEVICE,
  sender: 'print@contoso.example',
  subject: HOSTILE,
  messageIdHeader: '<1@contoso.example>',
  bytes: 48_000,
  sha256: 'ab',
  state: 'held',
  holdReason: 'message',
  problem,
  possiblyTwice: false,
  attempts: 2,
  dueAt: null,
  createdAt: '2026-11-22T10:00:00.000Z',
  sentAt: null,
  endedAt: null,
  remoteAnswer: null,
  recipients: [
    { address: 'ada@contoso.example', state: 'queued', problem: null },
    {
      address: 'gone@contoso.example',
      state: 'failed',
      problem: { ...problem, title: 'The address does not exist', remote: '550 5.1.1 Unknown' },
    },
  ],
};

const attempt = (second: number, more: Record<string, unknown>) => ({
  id: `a${second}`,
  startedAt: `2026-11-22T10:00:0${second}.000Z`,
  endedAt: `2026-11-22T10:00:0${second}.500Z`,
  code: null,
  enhanced: null,
  words: null,
  verdict: null,
  ...more,
});
const tries = [
  attempt(1, { verdict: 'later', words: '451 4.7.500 Server busy' }),
  attempt(2, { verdict: 'held', words: problem.remote }),
  attempt(3, { verdict: 'some-later-verdict' }),
  attempt(4, {}),
];

const recording = {
  'GET /outbox': page(held),
  [`GET /outbox/${ID}`]: { body: { ...held, tries } },
  'GET /devices': page({
    id: DEVICE,
    name: 'Copier',
    addresses: [],
    allowsPlainAuth: false,
    allowedDomains: [],
    senderMap: { ownAddress: 'reply-to' },
    normalisesBareLf: false,
    enabled: true,
  }),
};

test('outbox show tells each try and each recipient with the exact words of the server', async () => {
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(['outbox', 'show', '000000c7'], { env: { ...server.env, TZ: 'Europe/Rome' } });
  assert.equal(code, 0);
  assert.match(stdout, /State +⧗ Held/);
  assert.match(
    stdout,
    /ada@contoso\.example {2}… Waiting\ngone@contoso\.example {2}✕ Not sent\n✕ The address does not/,
  );
  assert.match(stdout, /Give it the right to send as this address/);
  assert.match(stdout, /554 5\.2\.252 SendAsDenied; print@contoso\.example/);
  const story = stdout.slice(stdout.lastIndexOf('Tries\n')).split('\n');
  assert.deepEqual(story.slice(1, -1), [
    '22 Nov 2026, 11:00:01  not now',
    '    The other side said: 451 4.7.500 Server busy',
    '22 Nov 2026, 11:00:02  held for a person',
    `    The other side said: ${problem.remote}`,
    '22 Nov 2026, 11:00:03  some-later-verdict',
    '22 Nov 2026, 11:00:04  under way',
  ]);
});

test('what a device wrote into a subject reaches no terminal as a command', async () => {
  await using server = await startRecordedServer(recording);
  for (const words of [['list'], ['list', '--json'], ['show', ID], ['show', ID, '--json']]) {
    const { code, stdout } = await runCli(['outbox', ...words], { env: server.env });
    assert.equal(code, 0);
    assert.match(stdout, /Scan/);
    assert.doesNotMatch(stdout.replaceAll('\n', ''), /\p{Cc}/u);
    assert.doesNotMatch(stdout, /^Fake: line/m);
  }
});

test('outbox list asks for a state and for a device by its name', async () => {
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(['outbox', 'list', '--state', 'held', '--device', 'copier'], {
    env: server.env,
  });
  assert.equal(code, 0);
  assert.match(stdout, /000000c7 .*⧗ Held +ada@contoso\.example, gone@contoso\.example/);
  const { path, query } = server.asked.at(-1) ?? {};
  assert.deepEqual([path, query?.get('state'), query?.get('device')], ['/outbox', 'held', DEVICE]);
  const wrong = await runCli(['outbox', 'list', '--state', 'lost'], { env: server.env });
  assert.deepEqual([wrong.code, /--state cannot be “lost”/.test(wrong.stderr)], [2, true]);
});

test('a message that was perhaps delivered twice says so', async () => {
  const sent = { ...held, state: 'sent', possiblyTwice: true, problem: null };
  await using server = await startRecordedServer({ 'GET /outbox': page(sent) });
  const { stdout } = await runCli(['outbox', 'list'], { env: server.env });
  assert.match(stdout, /✓ Sent \(possibly twice\)/);
});

test('outbox status shows the counts and what the mailbox may still send', async () => {
  const headroom = {
    mailbox: 'print@contoso.example',
    messagesNow: 5,
    messagesPerMinute: 25,
    recipientsLeftToday: 9_900,
    pausedForSeconds: 60,
    problem: { ...problem, title: 'The server is busy' },
  };
  const body = { states: { queued: 3, sent: 12 }, oldestWaitingSeconds: 42, headroom };
  await using server = await startRecordedServer({ 'GET /outbox/summary': { body } });
  const { code, stdout } = await runCli(['outbox', 'status'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /^Waiting +3$/m);
  assert.match(stdout, /^Oldest waits for +42 s$/m);
  assert.match(stdout, /^Recipients left today +9900$/m);
  assert.match(stdout, /^Pauses for +! 60 s$/m);
  assert.match(stdout, /✕ The server is busy/);
  await using without = await startRecordedServer({ 'GET /outbox/summary': { body: { ...body, headroom: null } } });
  assert.equal((await runCli(['outbox', 'status'], { env: without.env })).code, 0);
});

test('retry and hold do what they say, and a message is dropped only by somebody who is sure', async () => {
  await using server = await startRecordedServer({
    ...recording,
    [`POST /outbox/${ID}/retry`]: { body: { ...held, state: 'queued' } },
    [`POST /outbox/${ID}/hold`]: { body: held },
    [`POST /outbox/${ID}/drop`]: { status: 204 },
  });
  for (const [action, word] of [
    ['retry', 'Waiting'],
    ['hold', 'Held'],
  ] as const) {
    const { code, stdout } = await runCli(['outbox', action, '000000c7'], { env: server.env });
    assert.deepEqual([code, stdout.includes(word)], [0, true]);
    assert.equal(server.asked.at(-1)?.path, `/outbox/${ID}/${action}`);
  }
  const unsure = await runCli(['outbox', 'drop', ID], { env: server.env });
  assert.deepEqual([unsure.code, /--yes is missing/.test(unsure.stderr)], [2, true]);
  assert.notEqual(server.asked.at(-1)?.method, 'POST');
  const { code, stdout } = await runCli(['outbox', 'drop', ID, '--yes'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /Given up: 000000c7 Scan/);
  assert.equal(server.asked.at(-1)?.path, `/outbox/${ID}/drop`);
});
