import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli, startRecordedServer } from './testing.ts';

const item = (urgency: string, title: string) => ({
  kind: 'outgoing-password',
  urgency,
  title,
  advice: `About ${title}.`,
});
const ask = async (items: readonly ReturnType<typeof item>[], words: readonly string[] = [], language = 'en') => {
  const isReady = items.every(({ urgency }) => urgency === 'when-you-can');
  const body = { passwordsEndOn: '2026-12-31', isReady, items };
  await using server = await startRecordedServer({ 'GET /readiness': { body } });
  const ended = await runCli(['readiness', ...words, '--language', language], { env: server.env });
  return { ...ended, asked: server.asked.map(({ method, path }) => `${method} ${path}`) };
};

test('what still uses a password is named with its urgency and what to do, and the command ends with 1', async () => {
  const items = [
    item('now', 'The mailbox'),
    item('by-the-end-of-2026', 'The server'),
    item('when-you-can', 'A copier'),
  ];
  const english = await ask(items);
  assert.equal(english.code, 1);
  assert.match(english.stdout, /The mailbox \(now\)\n +About The mailbox\./);
  assert.match(english.stdout, /The server \(by the end of December 2026\)\n +About The server\./);
  assert.match(english.stdout, /A copier \(when you can\)/);
  assert.match(english.stdout, /Not ready for the end of December 2026\./);
  const italian = await ask(items, [], 'it');
  assert.match(italian.stdout, /The server \(entro la fine di dicembre 2026\)/);
  assert.match(italian.stdout, /Non (ancora )?pront/);
});

test('a copier that speaks plainly does not keep anybody from being ready', async () => {
  const { code, stdout } = await ask([item('when-you-can', 'A copier')]);
  assert.equal(code, 0);
  assert.match(stdout, /A copier \(when you can\)[\s\S]*Ready: nothing here signs in at Microsoft with a password\./);
});

test('as JSON it gives what the server answered, with the same exit code', async () => {
  const { code, stdout } = await ask([item('now', 'The mailbox')], ['--json']);
  assert.equal(code, 1);
  assert.equal(JSON.parse(stdout).items[0].title, 'The mailbox');
});

test('an urgency of a newer server is shown as it is', async () => {
  const { stdout } = await ask([item('by-2028', 'The server')]);
  assert.match(stdout, /The server \(by-2028\)/);
});
