import assert from 'node:assert/strict';
import { test } from 'node:test';
import { page, runCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-0000000000b1';
const HOSTILE = 'Offer\u001b[2J\u001b]0;owned\u0007\u009b31m\u202etxt.exe\r\nFake: line\u0000';

const job = {
  id: ID,
  ownerId: '01900000-0000-7000-8000-0000000000aa',
  ownerName: `Anna${HOSTILE}`,
  queueId: '01900000-0000-7000-8000-0000000000cc',
  printerId: '01900000-0000-7000-8000-0000000000dd',
  title: HOSTILE,
  state: 'processing-stopped',
  reasons: ['media-jam-error', 'spool-area-full-report'],
  problem: {
    code: 'printer-stopped',
    detail: 'Office: jammed',
    remote: `Tray 2${HOSTILE}`,
    at: '2026-11-22T10:00:09.000Z',
  },
  options: {},
  documentFormat: 'application/pdf',
  documentBytes: 2_500_000,
  pages: 2,
  messageId: null,
  cancelAskedAt: null,
  createdAt: '2026-11-22T10:00:00.000Z',
  processingAt: '2026-11-22T10:00:05.000Z',
  endedAt: null,
};

const printerId = job.printerId;
const event = (seconds: number, type: string, data: Record<string, unknown>, actor: string | null = null) => ({
  at: `2026-11-22T10:00:0${seconds}.000Z`,
  type,
  subjectKind: 'job',
  subjectId: ID,
  actor,
  data,
});

const timeline = [
  event(0, 'message-received', { sender: 'anna@example.com', subject: HOSTILE, mailbox: 'Print room' }),
  event(0, 'job-created', {
    title: 'Plan',
    state: 'pending-held',
    reasons: ['job-hold-until-specified'],
    queueId: job.queueId,
    options: { copies: 2, sides: 'one-sided' },
    ignoredWords: [{ word: 'in a hurry', reason: 'unknown' }],
  }),
  event(1, 'message-moved', { folder: 'Platen/Done' }),
  event(2, 'job-released', { via: 'pin' }, 'token:night shift'),
  event(3, 'job-attempt-started', { printerId, printerJobName: 'Plan [1]', ignoredOptions: ['media'] }),
  event(4, 'job-state-changed', {
    from: 'processing',
    to: 'processing-stopped',
    reasons: ['media-jam-error'],
    problem: { remote: 'Tray 2' },
  }),
  event(5, 'job-attempt-ended', { printerId, printerJobId: 7, outcome: 'unknown', words: 'connection reset' }),
  event(6, 'job-state-changed', { from: 'processing', to: 'processing-stopped', reasons: ['outcome-unknown'] }),
  event(7, 'some-later-event', {}),
];

const recording = {
  'GET /jobs': page(job),
  [`GET /jobs/${ID}`]: { body: job },
  [`GET /jobs/${ID}/timeline`]: { body: { items: timeline } },
  'GET /printers': page({ id: printerId, name: 'Office', uri: 'ipp://x', state: 'stopped', reasons: [] }),
  'GET /queues': page({
    id: job.queueId,
    name: 'Ground floor',
    mode: 'hold',
    printerIds: [printerId],
    isDefault: true,
  }),
};

const env = { TZ: 'Europe/Rome' };

test('jobs show tells the whole story of one document with local times', async () => {
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(['jobs', 'show', ID], { env: { ...server.env, ...env } });
  assert.equal(code, 0);
  assert.match(stdout, /State +! Paused by the printer/);
  assert.match(stdout, /Reasons +paper jam, the printer’s memory is full/);
  assert.match(stdout, /Printer +Office/);
  const story = stdout.slice(stdout.indexOf('What happened')).split('\n');
  const at = (second: number) => `22 Nov 2026, 11:00:0${second}  `;
  assert.deepEqual(story.slice(2), [
    `${at(0)}The document became a job of the queue Ground floor: Plan · Held (waits for release)`,
    '    To be printed with: copies 2, sides one-sided',
    '    Not understood: in a hurry',
    `${at(1)}The message was moved to Platen/Done`,
    `${at(2)}The job was released with its PIN (by night shift)`,
    `${at(3)}Sent to the printer Office`,
    '    The printer cannot do: media',
    `${at(4)}Paused by the printer (paper jam)`,
    '    The other side said: Tray 2',
    `${at(5)}The printer Office is done with it: not known whether paper came out`,
    '    The other side said: connection reset',
    `${at(6)}Needs a look (not known whether paper came out)`,
    `${at(7)}some-later-event`,
    '',
  ]);
  assert.match(story[1] ?? '', /A message from anna@example\.com was taken from the mailbox Print room/);
});

test('the story is told in Italian as well', async () => {
  await using server = await startRecordedServer(recording);
  const { stdout } = await runCli(['jobs', 'show', ID, '--language', 'it'], { env: { ...server.env, ...env } });
  assert.match(stdout, /22\/11\/2026, 11:00:01 {2}Il messaggio è stato spostato in Platen\/Done/);
  assert.match(stdout, /Da controllare \(non si sa se la carta è uscita\)/);
  assert.match(stdout, /Documento +application\/pdf 2,5 MB/);
});

test('what a stranger wrote into a subject, a name or a printer’s words reaches no terminal as a command', async () => {
  await using server = await startRecordedServer(recording);
  for (const words of [
    ['list'],
    ['list', '--json'],
    ['show', ID],
    ['show', ID, '--json'],
    ['show', ID, '--language', 'it'],
  ]) {
    const { code, stdout, stderr } = await runCli(['jobs', ...words], { env: server.env });
    assert.equal(code, 0);
    assert.match(stdout, /Offer/);
    assert.doesNotMatch((stdout + stderr).replaceAll('\n', ''), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    assert.doesNotMatch(stdout, /^Fake: line/m);
  }
  const problem = {
    status: 409,
    body: { code: 'x', title: HOSTILE, detail: HOSTILE, remote: HOSTILE, facts: { a: HOSTILE } },
  };
  await using refusing = await startRecordedServer({ 'GET /jobs': problem });
  for (const words of [[], ['--json']]) {
    const { stderr } = await runCli(['jobs', 'list', ...words], { env: refusing.env });
    assert.doesNotMatch(stderr.replaceAll('\n', ''), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
  }
});

test('somebody who may not see printers still gets the story', async () => {
  const forbidden = { status: 403, body: { code: 'forbidden', title: 'You may not do this', status: 403 } };
  await using server = await startRecordedServer({ ...recording, 'GET /printers': forbidden });
  const { code, stdout } = await runCli(['jobs', 'show', ID], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /Sent to the printer 000000dd/);
});

test('release, hold, cancel and printed do what they say to the job that is named by the end of its id', async () => {
  const act = { body: { ...job, title: 'Plan', cancelAskedAt: '2026-11-22T10:00:00.000Z' } };
  await using server = await startRecordedServer({
    ...recording,
    [`POST /jobs/${ID}/release`]: act,
    [`POST /jobs/${ID}/hold`]: act,
    [`POST /jobs/${ID}/cancel`]: act,
    [`POST /jobs/${ID}/printed`]: act,
  });
  for (const action of ['release', 'hold', 'cancel', 'printed']) {
    const { code, stdout } = await runCli(['jobs', action, '000000b1'], { env: server.env });
    assert.equal(code, 0);
    assert.match(stdout, /000000b1 {2}Plan/);
    assert.deepEqual(server.asked.at(-1)?.path, `/jobs/${ID}/${action}`);
  }
  assert.equal((await runCli(['jobs', 'release', ID, '--printer', 'Office'], { env: server.env })).code, 0);
  assert.deepEqual(server.asked.at(-1)?.body, { printerId });
});
