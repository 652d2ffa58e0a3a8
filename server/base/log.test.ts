import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlatenError } from './errors.ts';
import { openLog } from './log.ts';

function logged(write: (log: ReturnType<typeof openLog>) => void): string {
  const lines: string[] = [];
  write(openLog('debug', { write: (line: string) => void lines.push(line) }));
  return lines.join('');
}

test('a secret that gets into a log line is blacked out, at the top and two levels down', () => {
  const text = logged((log) => {
    log.info({ access_token: 'canary-1', deep: { refreshToken: 'canary-2', deeper: { password: 'canary-3' } } }, 'x');
  });
  assert.ok(!text.includes('canary'), text);
});

test('of an error only chosen fields are logged: not the answer that a library hung on it', () => {
  const error = new PlatenError('identity-unreachable', 'no answer', {
    cause: Object.assign(new Error('inner'), { body: { refresh_token: 'canary' } }),
    remote: 'AADSTS90033: busy',
  });
  const text = logged((log) =>
    log.warn({ error: Object.assign(error, { response: { access_token: 'canary' } }) }, 'x'),
  );
  assert.ok(!text.includes('canary'), text);
  assert.ok(text.includes('AADSTS90033'));
  assert.ok(text.includes('identity-unreachable'));
});

test('one event is one line, whatever stands in it', () => {
  const text = logged((log) => log.info({ subject: 'a\r\n{"level":60,"msg":"forged"}\u001b[31m' }, 'x'));
  assert.equal(text.trim().split('\n').length, 1);
  assert.ok(!text.includes('\u001b'));
});
