import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerKept } from '../server/connections/connections.ts';
import { runCli, startRecordedServer } from './testing.ts';

const ID = '01900000-0000-7000-8000-0000000000c1';
const words = '535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated';
const kept = {
  code: 'smtp-refused-by-policy',
  detail: 'refused at auth',
  remote: words,
  at: '2026-11-28T10:00:00.000Z',
};
const about = { cloud: 'worldwide', clientId: 'c1', account: 'print@contoso.example' };

async function run(command: readonly string[], language: 'en' | 'it') {
  const problem = answerKept(kept, language, about);
  const report = { tests: [{ test: 'smtp', title: 'SMTP', outcome: 'failed', problem }] };
  const message = {
    id: ID,
    state: 'held',
    kind: 'scan',
    sender: 'a@b.example',
    recipients: [],
    subject: 'Scan',
    problem,
  };
  await using server = await startRecordedServer({
    [`POST /connections/${ID}/check`]: { body: report },
    [`GET /outbox/${ID}`]: { body: { ...message, tries: [] } },
  });
  return await runCli([...command, '--language', language], { env: server.env });
}

const CAUSES = {
  en: /Several causes end like this, the most likely first:\n +1\. A Conditional Access policy refuses[^\n]*\n +How to find out: Look up[\s\S]*\n +2\. Sending by SMTP is switched off[\s\S]*To see it, run: Get-TransportConfig[^\n]*Get-CASMailbox 'print@contoso\.example'/,
  it: /Più cause finiscono così, dalla più probabile:\n +1\. Un criterio di accesso condizionale[^\n]*\n +Come scoprirlo: Cerca[\s\S]*\n +2\. L’invio via SMTP è disattivato[\s\S]*Per vederlo, esegui: Get-TransportConfig/,
} as const;

for (const language of ['en', 'it'] as const) {
  test(`the doctor lists the causes that end in the same words, with how to find out, in ${language}`, async () => {
    const { code, stdout } = await run(['doctor', '--connection', ID], language);
    assert.equal(code, 1);
    assert.match(stdout, CAUSES[language]);
    assert.match(stdout, /smtp-policy/);
  });
}

test('a held message is explained in the terminal as the doctor explains it', async () => {
  const { stdout } = await run(['outbox', 'show', ID], 'en');
  assert.match(stdout, CAUSES.en);
  assert.match(stdout, /Who can change it: an administrator of Entra/);
});
