import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startRecordedServer } from './testing.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
// util-linux gives a command a terminal of its own.
const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
const options = { skip: hasTerminal ? false : 'needs script of util-linux', timeout: 60_000 };

/** Types each answer once its question stands on the terminal; returns all that was shown and the exit code. */
async function converse(
  words: readonly string[],
  {
    env,
    dialogue,
  }: { readonly env: Readonly<Record<string, string>>; readonly dialogue: readonly (readonly [RegExp, string])[] },
): Promise<{ shown: string; code: number }> {
  const command = [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', command, '/dev/null'], {
    env: {
      PATH: process.env.PATH ?? '',
      SHELL: '/bin/sh',
      TERM: 'xterm',
      PLATEN_DATA_DIR: '/nonexistent/platen',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let from = 0;
  const rest = [...dialogue];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
    const [next] = rest;
    const match = next === undefined ? null : next[0].exec(shown.slice(from));
    if (next === undefined || match === null) return;
    from += match.index + match[0].length;
    rest.shift();
    child.stdin.write(next[1]);
  });
  const [code] = await once(child, 'close');
  assert.deepEqual(rest, [], `not all questions were asked:\n${shown}`);
  return { shown, code: code as number };
}

test('first-run asks for what is missing and shows no password', options, async () => {
  const password = 'four words nobody guesses';
  await using server = await startRecordedServer({
    'GET /first-run': { body: { due: true } },
    'POST /first-run': { status: 201, headers: { 'set-cookie': 'platen-session=s1; HttpOnly; Path=/' }, body: {} },
    'POST /tokens': { status: 201, body: { id: 't', token: 'platen_new' } },
  });
  const { shown, code } = await converse(['first-run'], {
    env: { PLATEN_URL: server.url, PLATEN_DATA_DIR: `/tmp/platen-cli-${process.pid}` },
    dialogue: [
      [/link: /, 'http://localhost/first-run#secret-token\r'],
      [/administrator: /, 'ada@example.com\r'],
      [/administrator: /, 'Ada\r'],
      [/characters: /, `${password}\r`],
      [/again: /, `another\r`],
      [/differ[\s\S]*characters: /, `${password}x\u007f\r`],
      [/again: /, `${password}\r`],
    ],
  });
  assert.equal(code, 0, shown);
  assert.ok(!shown.includes(password) && !shown.includes('platen_new'), shown);
  assert.deepEqual(server.asked[1]?.body, {
    setupToken: 'secret-token',
    email: 'ada@example.com',
    name: 'Ada',
    password,
    language: 'en',
  });
  assert.equal(server.asked[2]?.headers.cookie, 'platen-session=s1');
  assert.equal(server.asked[2]?.headers.origin, server.url);
  spawnSync('rm', ['-r', `/tmp/platen-cli-${process.pid}`]);
});

test('at a terminal the remaining time counts down on one line, and Enter asks for a new code', options, async () => {
  const id = '01900000-0000-7000-8000-00000000c0de';
  let codes = 0;
  let looks = 0;
  const expiresAt = () => `2099-01-01T00:0${codes}:00.000Z`;
  const connection = {
    id,
    title: 'Practice',
    cloud: 'worldwide',
    clientId: 'c',
    tenantId: 't',
    uses: ['imap'],
    state: 'awaiting-confirmation',
    account: { username: 'print@example.com', name: 'Print' },
  };
  const look = () => {
    const state = looks++ < 2 ? 'pending' : codes === 1 ? 'expired' : 'granted';
    return { body: { ...connection, login: { kind: 'device-code', state, expiresAt: expiresAt() } } };
  };
  await using server = await startRecordedServer({
    'GET /connections': { body: { items: [connection], nextCursor: null } },
    [`GET /connections/${id}`]: look,
    [`POST /connections/${id}/device-code`]: () => {
      codes += 1;
      looks = 0;
      const code = { userCode: `CODE${codes}`, verificationUri: 'https://login.example', intervalSeconds: 5 };
      return { status: 201, body: { ...code, expiresAt: expiresAt() } };
    },
  });
  const { shown, code } = await converse(['connect'], {
    env: server.env,
    dialogue: [
      [/1 {2}Practice[\s\S]*for a new one: /, '1\r'],
      [/CODE1[\s\S]*Enter for a new code, l to sign in by link instead: /, '\r'],
    ],
  });
  assert.equal(code, 0, shown);
  assert.equal(codes, 2);
  const counting = shown.match(/\r\u001b\[2KWaiting for the confirmation, \d+:\d\d left/g) ?? [];
  assert.ok(counting.length >= 3, shown);
  assert.match(shown, /CODE2[\s\S]*Confirmed by print@example\.com/);
});
