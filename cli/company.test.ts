import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli, startRecordedServer } from './testing.ts';

test('the mail domain of the company is shown, and changed', async () => {
  await using server = await startRecordedServer({
    'GET /settings/company': { body: { mailDomain: null } },
    'PUT /settings/company': { body: { mailDomain: 'contoso.example' } },
  });
  const shown = await runCli(['company', 'show'], { env: server.env });
  assert.match(shown.stdout, /Mail domain of the company +not set/);
  const set = await runCli(['company', 'set', '--mail-domain', 'contoso.example'], { env: server.env });
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stdout, /Mail domain of the company +contoso\.example/);
  assert.deepEqual(server.asked.findLast(({ method }) => method === 'PUT')?.body, { mailDomain: 'contoso.example' });
});
