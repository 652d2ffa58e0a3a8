import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startIppEvePrinter } from './ippeveprinter.ts';
import { eventually } from './time.ts';

const run = promisify(execFile);

function makePdf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ippeve-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pdf = join(folder, 'letter.pdf');
  writeFileSync(pdf, '%PDF-1.4\n1 0 obj<</Type /Page>>\n%%EOF\n');
  return pdf;
}

const ipptool = (uri: string, ...words: string[]) => run('ipptool', ['-t', uri, ...words], { timeout: 20_000 });

test('what ipptool prints comes out of ippeveprinter byte for byte', { timeout: 60_000 }, async (t) => {
  const printer = await startIppEvePrinter();
  t.after(() => printer.close());
  const pdf = makePdf(t);
  await ipptool(printer.uri, '-f', pdf, 'print-job-and-wait.test');
  const sha256 = createHash('sha256').update(readFileSync(pdf)).digest('hex');
  assert.deepEqual(
    printer.printed().map((each) => each.sha256),
    [sha256],
  );
  assert.equal(printer.printedFiles().length, 1);
});

test('a script reports the empty tray and aborts the job, and nothing counts as printed', {
  timeout: 60_000,
}, async (t) => {
  const script = 'echo "STATE: +media-empty" >&2; sleep 1; exit 1';
  const printer = await startIppEvePrinter({ script });
  t.after(() => printer.close());
  await ipptool(printer.uri, '-f', makePdf(t), 'print-job.test');
  await eventually(async () => {
    const { stdout } = await ipptool(printer.uri, '-v', 'get-printer-attributes.test');
    return /printer-state-reasons.*media-empty-warning/.test(stdout);
  });
  await eventually(async () => {
    const { stdout } = await ipptool(printer.uri, '-v', 'get-completed-jobs.test');
    return /job-state \(enum\) = aborted/.test(stdout);
  });
  assert.deepEqual(printer.printed(), []);
});

test('closing the printer ends both of its processes', { timeout: 60_000 }, async () => {
  const printer = await startIppEvePrinter();
  await printer.close();
  await assert.rejects(ipptool(printer.uri, 'get-printer-attributes.test'));
});
