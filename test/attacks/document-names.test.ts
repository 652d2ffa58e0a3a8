/** Names of attachments that try to be paths, to hide what they are, or to break what shows them. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { openWatchedMailbox, TWO_PAGES } from '../harness/intake.ts';
import { PRINT_ROOM } from '../harness/mail.ts';

const NAMES = [
  '../../../../tmp/platen-attack.pdf',
  '..\\..\\windows\\system32\\platen-attack.pdf',
  '/etc/platen-attack.pdf',
  'C:\\platen-attack.pdf',
  'plan\0.pdf',
  `${'long'.repeat(400)}.pdf`,
  'invoice\u202Efdp.exe',
  'two\u0007bells\u001B[31m.pdf',
  'CON',
  'NUL.pdf',
  '.',
  '..',
  '~root',
  '$(touch /tmp/platen-attack).pdf',
  '`id`;|&.pdf',
  '-rf',
  '<img src=x onerror=alert(1)>.pdf',
  '__proto__',
];

test('whatever an attachment is called, its bytes lie under a name of ours and its name is for reading alone', async () => {
  await using watched = await openWatchedMailbox({ documentPolicy: { body: 'never' } });
  await using _worker = await watched.startWorker();
  watched.deliver(writeMail());
  await watched.settled(1);
  const jobs = await watched.jobs();
  assert.equal(jobs.length, NAMES.length);
  const { spoolDir } = watched.context.settings;
  const files = readdirSync(spoolDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.equal(files.length, NAMES.length);
  for (const { name } of files) assert.match(name, /^[0-9a-f-]{36}$/);
  for (const { title } of jobs) {
    // Line ends, escapes, and marks that turn the direction of writing would deceive whoever reads a list.
    assert.doesNotMatch(title, /[\p{Cc}\u202A-\u202E\u2066-\u2069]/u, JSON.stringify(title));
    assert.doesNotMatch(title, /[/\\]/, JSON.stringify(title));
    assert.ok(title.length > 0 && title.length <= 255, `${title.length} characters`);
  }
  for (const entry of readdirSync('/tmp')) assert.doesNotMatch(entry, /platen-attack/);
});

function writeMail(): Buffer {
  const body = TWO_PAGES.toString('base64').replace(/.{76}/g, '$&\r\n');
  const parts = NAMES.map((name) => {
    const encoded = encodeURIComponent(name).replace(/[!'()*~]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
    return (
      'Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n' +
      `Content-Disposition: attachment; filename*=utf-8''${encoded}\r\n\r\n${body}\r\n`
    );
  });
  return Buffer.from(
    `From: Anna <anna@practice.example>\r\nTo: ${PRINT_ROOM}\r\nSubject: Names\r\n` +
      'Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <names@practice.example>\r\nMIME-Version: 1.0\r\n' +
      `Content-Type: multipart/mixed; boundary="b"\r\n\r\n${parts.map((part) => `--b\r\n${part}`).join('')}--b--\r\n`,
  );
}
