import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli, startRecordedServer } from './testing.ts';

const rule = {
  enabled: true,
  owner: true,
  operators: false,
  administrators: false,
  addresses: ['desk@contoso.example'],
  lastSentAt: null,
};
const settings = {
  rules: { 'job-held': rule, 'job-printed': { ...rule, enabled: false, addresses: [] } },
  limits: { repliesPerPersonAndDay: 20, noticesPerPersonAndDay: 50, perHour: 200 },
};
const recording = { 'GET /notices': { body: settings }, 'PUT /notices': { body: settings } };

test('notices show tells each event with who gets it', async () => {
  await using server = await startRecordedServer(recording);
  const { code, stdout } = await runCli(['notices', 'show'], { env: server.env });
  assert.equal(code, 0);
  assert.match(stdout, /job-held +✓ on +who sent the document, desk@contoso\.example/);
  assert.match(stdout, /job-printed +– off/);
  assert.match(stdout, /Notices an hour +200/);
});

test('notices set changes one rule and keeps what was not given', async () => {
  await using server = await startRecordedServer(recording);
  const put = async (...words: string[]) => {
    const { code, stderr } = await runCli(['notices', 'set', ...words], { env: server.env });
    assert.equal(code, 0, stderr);
    return server.asked.findLast(({ method }) => method === 'PUT')?.body;
  };
  const { lastSentAt, ...kept } = rule;
  assert.deepEqual(await put('--event', 'job-held', '--off'), { rules: { 'job-held': { ...kept, enabled: false } } });
  assert.deepEqual(await put('--event', 'job-held', '--to', 'operators,a@contoso.example', '--to', 'administrators'), {
    rules: {
      'job-held': {
        enabled: true,
        owner: false,
        operators: true,
        administrators: true,
        addresses: ['a@contoso.example'],
      },
    },
  });
  assert.deepEqual(await put('--event', 'job-held', '--way', 'webhook,server'), {
    rules: { 'job-held': { ...kept, ways: ['webhook', 'server'] } },
  });
  assert.deepEqual(await put('--event', 'job-held', '--way', 'none'), { rules: { 'job-held': { ...kept, ways: [] } } });
  assert.deepEqual(await put('--notices-per-hour', '10'), { limits: { perHour: 10 } });
});

test('a rule without its event, and nothing at all, is told before anything is asked', async () => {
  await using server = await startRecordedServer(recording);
  for (const [words, complaint] of [
    [['--on'], /--event is missing/],
    [['--event', 'job-held', '--on', '--off'], /--on or --off, not both/],
    [[], /Say what to change/],
    [['--event', 'job-eaten', '--on'], /--event cannot be “job-eaten”/],
  ] as const) {
    const { code, stderr } = await runCli(['notices', 'set', ...words], { env: server.env });
    assert.equal(code, 2);
    assert.match(stderr, complaint);
  }
  assert.equal(server.asked.length, 0);
});
