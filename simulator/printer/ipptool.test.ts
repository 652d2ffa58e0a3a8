import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startPrinter } from './server.ts';

const SUITES = '/usr/share/cups/ipptool';
const twoPages = '%PDF-1.4\n1 0 obj<</Type /Page>>\n2 0 obj<</Type/Page>>\n%%EOF';

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'ipptool-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Puts the suites of Debian's cups-ipp-utils beside sample documents, which the package leaves out. */
function prepareSuites(folder: string): void {
  for (const file of readdirSync(SUITES)) copyFileSync(join(SUITES, file), join(folder, file));
  for (const size of ['a4', 'letter']) {
    writeFileSync(join(folder, `document-${size}.pdf`), twoPages);
    writeFileSync(join(folder, `document-${size}.ps`), '%!PS\nshowpage\n');
  }
  for (const photo of ['color', 'gray'])
    writeFileSync(join(folder, `${photo}.jpg`), Buffer.from('ffd8ffe000104a464946', 'hex'));
}

function ipptool(folder: string, ...args: string[]): Promise<{ failed: boolean; report: string }> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 60_000 };
    execFile('ipptool', ['-t', '-f', 'document-a4.pdf', ...args], options, (error, stdout, stderr) => {
      resolve({ failed: error !== null, report: stdout + stderr });
    });
  });
}

test('the IPP/1.1 and IPP/2.0 suites of ipptool pass', { timeout: 120_000 }, async (t) => {
  const folder = makeFolder(t);
  prepareSuites(folder);
  const printer = await startPrinter({ outputDir: join(folder, 'paper'), name: 'practice' });
  t.after(() => printer.close());
  for (const suite of ['ipp-1.1.test', 'ipp-2.0.test']) {
    const { failed, report } = await ipptool(folder, printer.uri, suite);
    assert.ok(!failed, report);
    assert.match(report, /\[PASS\]/);
    assert.doesNotMatch(report, /\[FAIL\]/);
  }
  assert.ok(printer.printed().length >= 5);
});

test('each basic operation passes ipptool over TLS on the same port', { timeout: 120_000 }, async (t) => {
  const folder = makeFolder(t);
  prepareSuites(folder);
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const how = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', ...how, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  const tls = { key: readFileSync(key), cert: readFileSync(cert) };
  const printer = await startPrinter({ outputDir: join(folder, 'paper'), name: 'secure', tls });
  t.after(() => printer.close());
  assert.match(printer.uri, /^ipps:/);
  const suites = [
    'get-printer-attributes',
    'print-job-and-wait',
    'create-job',
    'get-jobs',
    'get-completed-jobs',
    'validate-job',
  ];
  for (const suite of suites) {
    const { failed, report } = await ipptool(folder, printer.uri, `${suite}.test`);
    assert.ok(!failed, report);
  }
  const plain = await ipptool(folder, printer.uri.replace('ipps:', 'ipp:'), 'get-printer-attributes.test');
  assert.ok(!plain.failed, plain.report);
});
