import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../server/base/clock.ts';
import { updateMailbox } from '../../server/intake/intake.ts';
import { addQueue } from '../../server/jobs/jobs.ts';
import { startJobsWorker } from '../../server/jobs/worker.ts';
import { addPrinter } from '../../server/printers/printers.ts';
import { openWatchedMailbox } from '../harness/intake.ts';
import { startIppEvePrinter } from '../harness/ippeveprinter.ts';
import { PRINT_ROOM } from '../harness/mail.ts';
import { readPdfText } from '../harness/pdf.ts';
import { eventually } from '../harness/time.ts';

const WINMAIL = readFileSync(new URL('../corpus/tnef/quick-winmail.dat', import.meta.url));

test('the documents that Outlook has packed into a winmail.dat come out of the printer, each as its own job', async () => {
  await using undo = new AsyncDisposableStack();
  const printer = await startIppEvePrinter();
  undo.defer(() => printer.close());
  const watched = undo.use(await openWatchedMailbox());
  const context = { ...watched.context, clock: systemClock };
  const { id: printerId } = await addPrinter(context, { name: 'Practice', uri: printer.uri });
  const queue = await addQueue(context, { name: 'Direct', mode: 'direct', printerIds: [printerId] }, 'test');
  const change = { queueId: queue.id, documentPolicy: { body: 'never' as const } };
  await updateMailbox(watched.context, watched.mailboxId, { change, actor: 'test' });
  undo.use(await startJobsWorker(context));
  undo.use(await watched.startWorker());
  watched.deliver(writeOutlookMessage());
  const jobs = await eventually(
    async () => {
      const all = await watched.jobs();
      assert.ok(
        all.every(({ state }) => state !== 'aborted'),
        JSON.stringify(all.map(({ title, problem }) => [title, problem])),
      );
      return all.length > 0 && all.every(({ state }) => state === 'completed') ? all : undefined;
    },
    { timeoutMs: 180_000, what: 'everything is printed' },
  );
  assert.deepEqual(jobs.map(({ title }) => title).sort(), [
    'quick.doc',
    'quick.html',
    'quick.pdf',
    'quick.txt',
    'quick.xml',
  ]);
  const papers = printer.printed();
  assert.equal(papers.length, jobs.length);
  for (const [at, paper] of papers.entries()) {
    const file = join(watched.test.directory, `paper-${at}.pdf`);
    writeFileSync(file, readFileSync(paper.file));
    assert.match(readPdfText(file), /quick brown fox/i, paper.file);
  }
});

function writeOutlookMessage(): Buffer {
  const encoded = WINMAIL.toString('base64').replace(/.{76}/g, '$&\r\n');
  return Buffer.from(
    `From: Anna <anna@practice.example>\r\nTo: ${PRINT_ROOM}\r\nSubject: Quick documents\r\n` +
      'Date: Sun, 22 Nov 2026 10:00:00 +0100\r\nMessage-ID: <outlook@practice.example>\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n' +
      '--b\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\nContent-Transfer-Encoding: base64\r\n' +
      `Content-Disposition: attachment; filename="winmail.dat"\r\n\r\n${encoded}\r\n--b--\r\n`,
  );
}
