import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type PrinterOptions, type RunningPrinter, startPrinter } from '../../simulator/printer/server.ts';
import { openTestContext, type TestContext as Platen } from '../../test/harness/database.ts';
import { startIppEvePrinter } from '../../test/harness/ippeveprinter.ts';
import { findFreePort } from '../../test/harness/processes.ts';
import { makeSelfSigned } from '../../test/harness/self-signed.ts';
import { eventually } from '../../test/harness/time.ts';
import { PlatenError } from '../base/errors.ts';
import { readJournal } from '../journal/journal.ts';
import {
  acceptCertificate,
  addPrinter,
  cancelPrinterJob,
  checkPrinter,
  closePrinterConnections,
  createPrinterJob,
  describePrinterJobSupport,
  findPrinterJobs,
  getPrinter,
  listPrinters,
  type Printer,
  printWhole,
  readPrinterJob,
  removePrinter,
  sendPrinterDocument,
} from './printers.ts';

const PDF = Buffer.from('%PDF-1.7\n1 0 obj <</Type /Page>> endobj\ntrailer <<>>\n%%EOF\n');
const NEVER = new AbortController().signal;

async function open(t: TestContext): Promise<Platen> {
  const platen = await openTestContext();
  t.after(async () => {
    await closePrinterConnections(platen.context);
    await platen[Symbol.asyncDispose]();
  });
  return platen;
}

async function practice(t: TestContext, options: Partial<PrinterOptions> = {}): Promise<RunningPrinter> {
  const outputDir = mkdtempSync(join(tmpdir(), 'printers-test-'));
  const printer = await startPrinter({ name: 'practice', outputDir, ...options });
  t.after(async () => {
    await printer.close();
    rmSync(outputDir, { recursive: true, force: true });
  });
  return printer;
}

async function openWithPrinter(
  t: TestContext,
): Promise<{ platen: Platen; practicePrinter: RunningPrinter; printer: Printer }> {
  const platen = await open(t);
  const practicePrinter = await practice(t);
  const printer = await addPrinter(platen.context, { name: 'Hall', uri: practicePrinter.uri });
  return { platen, practicePrinter, printer };
}

const refusedWith = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;
const newJob = (jobName = 'platen-1') => ({
  jobName,
  userName: 'maria',
  options: {},
  documentFormat: 'application/pdf',
});
const newDocument = (bytes: Buffer = PDF) => ({
  document: Readable.from([bytes]),
  bytes: bytes.length,
  documentFormat: 'application/pdf',
  userName: 'maria',
  assertFresh: () => undefined,
});

async function created(platen: Platen, printer: Printer, jobName = 'platen-1'): Promise<number> {
  const outcome = await createPrinterJob(platen.context, printer, newJob(jobName), NEVER);
  assert.equal(outcome.kind, 'created');
  return outcome.kind === 'created' ? outcome.printerJobId : 0;
}

async function finished(platen: Platen, printer: Printer, printerJobId: number): Promise<string> {
  return await eventually(async () => {
    const found = await readPrinterJob(platen.context, printer, printerJobId, NEVER);
    if (found.kind !== 'found') return found.kind;
    return ['completed', 'canceled', 'aborted'].includes(found.job.state) ? found.job.state : '';
  });
}

test('a printer is added with what it tells of itself, and the journal says so', async (t) => {
  const { platen, printer } = await openWithPrinter(t);
  assert.equal(printer.state, 'idle');
  assert.deepEqual(printer.reasons, []);
  assert.ok(printer.capabilities?.formats.includes('application/pdf'));
  assert.ok((printer.capabilities?.copies?.max ?? 0) > 1);
  const look = { dpi: { x: 600, y: 600 }, isColor: true, takesGray: true };
  const drawing = { format: 'image/pwg-raster', ...look, sheetBack: 'normal', pages: 'file' };
  assert.deepEqual(describePrinterJobSupport(printer), {
    canCreateJob: true,
    acceptsPdf: true,
    takesPageRanges: true,
    drawing,
  });
  assert.deepEqual(await getPrinter(platen.context, printer.id), printer);
  const events = await readJournal(platen.context, { subjectId: printer.id, limit: 10 });
  assert.deepEqual(
    events.map((event) => event.type),
    ['printer-added', 'printer-state-changed'],
  );
});

test('an address that is no printer is refused with its reason, and nothing is kept', async (t) => {
  const { context } = await open(t);
  const talker = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume();
    socket.end('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => talker.listen(0, '127.0.0.1', resolve));
  t.after(() => new Promise((resolve) => talker.close(resolve)));
  const address = talker.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const refusals: [string, string][] = [
    ['http://printer.example/', 'printer-address-refused'],
    ['file:///etc/passwd', 'printer-address-refused'],
    ['ipp://user:secret@printer.example/', 'printer-address-refused'],
    ['ipp://169.254.169.254/latest/meta-data', 'printer-address-refused'],
    ['ipp://[::ffff:169.254.169.254]/', 'printer-address-refused'],
    ['ipp://[fe80::1]/', 'printer-address-refused'],
    [`ipp://127.0.0.1:${await findFreePort()}/ipp/print`, 'printer-unreachable'],
    [`ipp://127.0.0.1:${port}/ipp/print`, 'printer-answer-invalid'],
  ];
  for (const [uri, code] of refusals) {
    await assert.rejects(addPrinter(context, { name: 'Hall', uri }), refusedWith(code), uri);
  }
  assert.deepEqual((await listPrinters(context, { limit: 10 })).items, []);
});

test('a name and an address belong to one printer', async (t) => {
  const { platen, practicePrinter } = await openWithPrinter(t);
  const other = await practice(t, { name: 'other' });
  const sameAddress = addPrinter(platen.context, { name: 'Other', uri: practicePrinter.uri });
  await assert.rejects(sameAddress, refusedWith('conflict'));
  await assert.rejects(addPrinter(platen.context, { name: 'Hall', uri: other.uri }), refusedWith('conflict'));
});

test('printers are listed page by page', async (t) => {
  const { platen, printer } = await openWithPrinter(t);
  const second = await addPrinter(platen.context, { name: 'Second', uri: (await practice(t)).uri });
  const first = await listPrinters(platen.context, { limit: 1 });
  assert.deepEqual(first.items, [printer]);
  const rest = await listPrinters(platen.context, { limit: 1, cursor: first.nextCursor ?? '' });
  assert.deepEqual(rest, { items: [second], nextCursor: null });
});

test('a printer is removed once', async (t) => {
  const { platen, printer } = await openWithPrinter(t);
  await removePrinter(platen.context, printer.id);
  await assert.rejects(getPrinter(platen.context, printer.id), refusedWith('not-found'));
  await assert.rejects(removePrinter(platen.context, printer.id), refusedWith('not-found'));
});

test('a document goes through Create-Job and Send-Document to paper, byte for byte', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const options = { copies: 2, sides: 'two-sided-long-edge' as const, media: 'custom_nothing_1x1mm' };
  const outcome = await createPrinterJob(platen.context, printer, { ...newJob('platen-ä'), options }, NEVER);
  assert.equal(outcome.kind, 'created');
  assert.ok(outcome.kind === 'created');
  assert.deepEqual(outcome.ignored, ['media']);
  const { printerJobId } = outcome;
  const sent = await sendPrinterDocument(platen.context, printer, { ...newDocument(), printerJobId }, NEVER);
  assert.deepEqual(sent, { kind: 'accepted' });
  assert.equal(await finished(platen, printer, printerJobId), 'completed');
  const [paper] = practicePrinter.printed();
  assert.equal(paper?.sha256, createHash('sha256').update(PDF).digest('hex'));
  assert.equal(paper?.copies, 2);
  const found = await findPrinterJobs(platen.context, printer, 'platen-ä', NEVER);
  assert.deepEqual(found.kind === 'found' && found.jobs.map(({ id, state }) => [id, state]), [
    [printerJobId, 'completed'],
  ]);
  assert.deepEqual(await findPrinterJobs(platen.context, printer, 'another', NEVER), { kind: 'found', jobs: [] });
});

test('a real printer takes both ways of printing', async (t) => {
  const platen = await open(t);
  const real = await startIppEvePrinter();
  t.after(() => real.close());
  const printer = await addPrinter(platen.context, { name: 'Everywhere', uri: real.uri });
  assert.equal(printer.state, 'idle');
  const printerJobId = await created(platen, printer);
  const sent = await sendPrinterDocument(platen.context, printer, { ...newDocument(), printerJobId }, NEVER);
  assert.deepEqual(sent, { kind: 'accepted' });
  assert.equal(await finished(platen, printer, printerJobId), 'completed');
  const whole = await printWhole(platen.context, printer, { ...newJob('whole'), ...newDocument() }, NEVER);
  assert.equal(whole.kind, 'accepted');
  const found = await findPrinterJobs(platen.context, printer, 'whole', NEVER);
  assert.equal(found.kind === 'found' && found.jobs.length, 1);
  await eventually(() => real.printed().length === 2);
  const digests = real.printed().map((file) => file.sha256);
  assert.deepEqual(digests, Array(2).fill(createHash('sha256').update(PDF).digest('hex')));
});

test('a lost answer to Send-Document is unknown, and the printer tells afterwards that it printed', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const printerJobId = await created(platen, printer);
  await practicePrinter.control.setFault({ kind: 'drop-answer', operation: 'Send-Document' });
  const sent = await sendPrinterDocument(platen.context, printer, { ...newDocument(), printerJobId }, NEVER);
  assert.equal(sent.kind, 'unknown');
  assert.equal(await finished(platen, printer, printerJobId), 'completed');
  assert.equal(practicePrinter.printed().length, 1);
});

test('a document that breaks off on our side is unknown and does not come out', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const printerJobId = await created(platen, printer);
  const short = { ...newDocument(), bytes: PDF.length + 1, printerJobId };
  assert.equal((await sendPrinterDocument(platen.context, printer, short, NEVER)).kind, 'unknown');
  async function* broken(): AsyncGenerator<Buffer> {
    yield PDF;
    throw new Error('EIO');
  }
  const secondId = await created(platen, printer, 'platen-2');
  const damaged = { ...newDocument(), document: Readable.from(broken()), printerJobId: secondId };
  assert.equal((await sendPrinterDocument(platen.context, printer, damaged, NEVER)).kind, 'unknown');
  assert.deepEqual(practicePrinter.printed(), []);
});

test('nothing is sent for a node that may no longer feed the printer', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const printerJobId = await created(platen, printer);
  const before = practicePrinter.control.requests().length;
  const assertFresh = () => {
    throw new PlatenError('lease-lost', 'another node has taken over');
  };
  const stale = { ...newDocument(), assertFresh, printerJobId };
  await assert.rejects(sendPrinterDocument(platen.context, printer, stale, NEVER), refusedWith('lease-lost'));
  const whole = printWhole(platen.context, printer, { ...newJob(), ...newDocument(), assertFresh }, NEVER);
  await assert.rejects(whole, refusedWith('lease-lost'));
  const operations = practicePrinter.control
    .requests()
    .slice(before)
    .map((request) => request.operation);
  assert.deepEqual(operations, ['Validate-Job']);
});

test('a printer that is gone is unreachable for orders and not-sent for documents', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const printerJobId = await created(platen, printer);
  await practicePrinter.control.setFault({ kind: 'offline', manner: 'refuse' });
  const { context } = platen;
  await eventually(async () => (await readPrinterJob(context, printer, printerJobId, NEVER)).kind === 'unreachable');
  assert.equal((await createPrinterJob(context, printer, newJob(), NEVER)).kind, 'unreachable');
  const sending = { ...newDocument(), printerJobId };
  assert.equal((await sendPrinterDocument(context, printer, sending, NEVER)).kind, 'not-sent');
  assert.equal((await printWhole(context, printer, { ...newJob(), ...newDocument() }, NEVER)).kind, 'not-sent');
  assert.equal((await findPrinterJobs(context, printer, 'platen-1', NEVER)).kind, 'unreachable');
  assert.equal((await cancelPrinterJob(context, printer, printerJobId, 'maria', NEVER)).kind, 'unreachable');
  const checked = await checkPrinter(context, printer.id);
  assert.equal(checked.state, 'unreachable');
  assert.equal(checked.problem?.code, 'printer-unreachable');
});

test('busy, refused and early refusal are told apart, and none of them prints', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  const { context } = platen;
  const { control } = practicePrinter;
  await control.setFault({ kind: 'busy' });
  assert.equal((await createPrinterJob(context, printer, newJob(), NEVER)).kind, 'busy');
  assert.equal((await printWhole(context, printer, { ...newJob(), ...newDocument() }, NEVER)).kind, 'busy');
  await control.clearFault('busy');
  const printerJobId = await created(platen, printer);
  await control.setFault({ kind: 'reject-format' });
  const refused = await sendPrinterDocument(context, printer, { ...newDocument(), printerJobId }, NEVER);
  assert.equal(refused.kind === 'refused' && refused.status, 0x040a);
  assert.equal((await printWhole(context, printer, { ...newJob(), ...newDocument() }, NEVER)).kind, 'refused');
  await control.clearFault('reject-format');
  await control.setFault({ kind: 'early-refusal' });
  const large = Buffer.concat([PDF, Buffer.alloc(20_000_000)]);
  const early = await sendPrinterDocument(context, printer, { ...newDocument(large), printerJobId }, NEVER);
  assert.equal(early.kind, 'refused');
  assert.deepEqual(practicePrinter.printed(), []);
});

test('a job is canceled once, and one that is not there is gone', async (t) => {
  const { platen, printer } = await openWithPrinter(t);
  const { context } = platen;
  const printerJobId = await created(platen, printer);
  assert.deepEqual(await cancelPrinterJob(context, printer, printerJobId, 'maria', NEVER), { kind: 'canceled' });
  assert.equal((await cancelPrinterJob(context, printer, printerJobId, 'maria', NEVER)).kind, 'not-possible');
  assert.deepEqual(await cancelPrinterJob(context, printer, 4711, 'maria', NEVER), { kind: 'gone' });
  assert.deepEqual(await readPrinterJob(context, printer, 4711, NEVER), { kind: 'gone' });
});

test('wrong types in the answers of a printer are read as absent and break nothing', async (t) => {
  const { platen, practicePrinter, printer } = await openWithPrinter(t);
  await practicePrinter.control.setFault({ kind: 'wrong-types' });
  const checked = await checkPrinter(platen.context, printer.id);
  assert.ok(['idle', 'unreachable'].includes(checked.state));
  for (const format of checked.capabilities?.formats ?? []) assert.match(format, /^[\x21-\x7e]+\/[\x21-\x7e]+$/);
});

test('a certificate is pinned at first use; another one is not spoken to until an administrator accepts it', async (t) => {
  const platen = await open(t);
  const { context } = platen;
  const port = await findFreePort();
  const first = await startPrinter({ name: 'secure', outputDir: platen.directory, port, tls: makeSelfSigned() });
  const uri = first.uri.replace(/^ipp:/, 'ipps:');
  const printer = await addPrinter(context, { name: 'Secure', uri }).finally(() => first.close());
  assert.match(printer.certificatePin ?? '', /^[0-9a-f]{64}$/);
  const second = await startPrinter({ name: 'secure', outputDir: platen.directory, port, tls: makeSelfSigned() });
  t.after(() => second.close());
  const changed = await checkPrinter(context, printer.id);
  assert.equal(changed.state, 'unreachable');
  assert.equal(changed.problem?.code, 'printer-certificate-changed');
  assert.equal(changed.problem?.facts?.expected, printer.certificatePin);
  assert.equal((await createPrinterJob(context, changed, newJob(), NEVER)).kind, 'unreachable');
  assert.deepEqual(second.control.requests(), []);
  const seen = String(changed.problem?.facts?.seen);
  const accepted = await acceptCertificate(context, printer.id, { sha256: seen, actor: 'administrator' });
  assert.equal(accepted.state, 'idle');
  assert.equal(accepted.problem, null);
  await created(platen, accepted);
});
