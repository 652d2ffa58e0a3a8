import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PrinterOptions, type RunningPrinter, startPrinter } from './server.ts';
import {
  attributesOf,
  boolean,
  charset,
  integer,
  keyword,
  language,
  mimeType,
  name,
  stringsIn,
  uri,
} from './values.ts';
import { delimiter, type OperationName, operationCode, status, valueTag } from './vocabulary.ts';
import { type Attribute, type IppValue, type Message, readMessage, writeMessage } from './wire.ts';

const twoPages = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type /Page>>\n2 0 obj<</Type/Page>>\n3 0 obj<</Type /Pages /Count 2>>\n%%EOF',
);
type Wishes = { operation?: Record<string, readonly IppValue[]>; job?: Attribute[]; document?: Buffer };

async function start(t: TestContext, options: Partial<PrinterOptions> = {}): Promise<RunningPrinter> {
  const outputDir = mkdtempSync(join(tmpdir(), 'printer-test-'));
  const printer = await startPrinter({ outputDir, name: 'practice', ...options });
  t.after(async () => {
    await printer.close();
    rmSync(outputDir, { recursive: true, force: true });
  });
  return printer;
}

function encode(printer: RunningPrinter, operation: OperationName, wishes: Wishes): Buffer {
  const head = attributesOf({
    'attributes-charset': charset('utf-8'),
    'attributes-natural-language': language('en'),
    'printer-uri': uri(printer.uri),
    'requesting-user-name': name('anna'),
    ...wishes.operation,
  });
  const groups = [{ tag: delimiter.operation as number, attributes: head }];
  if (wishes.job) groups.push({ tag: delimiter.job, attributes: wishes.job });
  return writeMessage({ major: 2, minor: 0, code: operationCode[operation], requestId: 7, groups });
}

function post(printer: RunningPrinter, body: Buffer): Promise<Message> {
  return new Promise((resolve, reject) => {
    const { host, port } = printer;
    const headers = { 'content-type': 'application/ipp' };
    const outgoing = request({ host, port, headers, method: 'POST', path: '/ipp/print', agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const reading = readMessage(Buffer.concat(chunks));
        if (reading.kind === 'complete') resolve(reading.message);
        else reject(new Error(`the answer is ${reading.kind}`));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function ask(printer: RunningPrinter, operation: OperationName, wishes: Wishes = {}): Promise<Message> {
  return post(printer, Buffer.concat([encode(printer, operation, wishes), wishes.document ?? Buffer.alloc(0)]));
}

function values(message: Message, attributeName: string): IppValue[] {
  const all = message.groups.flatMap((group) => group.attributes);
  return all.filter((each) => each.name === attributeName).flatMap((each) => [...each.values]);
}

const print = (printer: RunningPrinter, jobName = 'Letter', job?: Attribute[]) =>
  ask(printer, 'Print-Job', { operation: { 'job-name': name(jobName) }, ...(job ? { job } : {}), document: twoPages });

/** Sends the attributes of a Print-Job and the first bytes of a document that is announced as much longer. */
function beginUpload(t: TestContext, printer: RunningPrinter): Socket {
  const socket = connect(printer.port, printer.host);
  t.after(() => socket.destroy());
  socket.on('error', () => socket.destroy());
  const head =
    'POST /ipp/print HTTP/1.1\r\nHost: x\r\nContent-Type: application/ipp\r\nContent-Length: 9999999\r\n\r\n';
  socket.write(Buffer.concat([Buffer.from(head), encode(printer, 'Print-Job', {}), twoPages]));
  return socket;
}

async function until(claim: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!claim()) {
    assert.ok(performance.now() < deadline, `not within 5 seconds: ${what}`);
    await sleep(5);
  }
}

const stateOf = (printer: RunningPrinter, id: number) => printer.control.jobs().find((job) => job.id === id)?.state;
const untilState = (printer: RunningPrinter, id: number, state: string) =>
  until(() => stateOf(printer, id) === state, `job ${id} is ${state}`);

test('a printed document is a file, a line of the log and an entry of the list', async (t) => {
  const printer = await start(t);
  const answer = await print(printer, '../../Überraschung.pdf', attributesOf({ copies: integer(3) }));
  assert.equal(answer.code, status.ok);
  await untilState(printer, 1, 'completed');
  const [printed, ...others] = printer.printed();
  assert.equal(others.length, 0);
  assert.equal(printed?.jobName, '../../Überraschung.pdf');
  assert.deepEqual([printed?.user, printed?.copies, printed?.pages, printed?.bytes], ['anna', 3, 2, twoPages.length]);
  assert.deepEqual(readFileSync(printed?.file ?? ''), twoPages);
  assert.match(printed?.file ?? '', /\/1-Uberraschung\.pdf$/);
  const log = join(printed?.file ?? '', '..', 'printed.jsonl');
  assert.deepEqual(JSON.parse(readFileSync(log, 'utf8')), printed);
});

test('Create-Job waits for its document and prints after Send-Document', async (t) => {
  const printer = await start(t);
  const created = await ask(printer, 'Create-Job', { operation: { 'job-name': name('Two steps') } });
  assert.deepEqual(values(created, 'job-state')[0]?.value, 4);
  assert.deepEqual(stringsIn({ name: '', values: values(created, 'job-state-reasons') }), ['job-incoming']);
  const operation = {
    'job-id': integer(1),
    'last-document': boolean(true),
    'document-format': mimeType('application/pdf'),
  };
  assert.equal((await ask(printer, 'Send-Document', { operation, document: twoPages })).code, status.ok);
  await untilState(printer, 1, 'completed');
  assert.equal((await ask(printer, 'Send-Document', { operation, document: twoPages })).code, status.notPossible);
  assert.equal(printer.printed().length, 1);
});

test('a job without a document is aborted when its time is over', async (t) => {
  let now = Date.UTC(2026, 0, 1);
  const printer = await start(t, { clock: { now: () => new Date(now) } });
  await ask(printer, 'Create-Job');
  now += 5 * 60_000 - 1;
  assert.equal(stateOf(printer, 1), 'pending-held');
  now += 1;
  assert.equal(stateOf(printer, 1), 'aborted');
});

test('requested-attributes limits what the printer tells', async (t) => {
  const printer = await start(t);
  const operation = { 'requested-attributes': keyword('sides-supported', 'media-default', 'no-such-thing') };
  const answer = await ask(printer, 'Get-Printer-Attributes', { operation });
  const told = answer.groups.find((group) => group.tag === delimiter.printer)?.attributes.map((each) => each.name);
  assert.deepEqual(told, ['media-default', 'sides-supported']);
});

test('Get-Jobs tells finished and unfinished jobs and those of one user apart', async (t) => {
  const printer = await start(t);
  await print(printer, 'Done');
  await untilState(printer, 1, 'completed');
  await printer.control.setFault({ kind: 'paused' });
  await print(printer, 'Waiting');
  await ask(printer, 'Print-Job', { operation: { 'requesting-user-name': name('bruno') }, document: twoPages });
  const list = async (operation: Record<string, readonly IppValue[]>) =>
    values(await ask(printer, 'Get-Jobs', { operation }), 'job-id').map(({ value }) => value);
  assert.deepEqual(await list({}), [2, 3]);
  assert.deepEqual(await list({ 'which-jobs': keyword('completed') }), [1]);
  assert.deepEqual(await list({ 'my-jobs': boolean(true) }), [2]);
  assert.deepEqual(await list({ 'which-jobs': keyword('all'), limit: integer(2) }), [1, 2]);
  const unknown = await ask(printer, 'Get-Jobs', { operation: { 'which-jobs': keyword('lost') } });
  assert.equal(unknown.code, status.attributesOrValuesNotSupported);
});

test('a job out of paper stops and goes on by itself when paper is refilled', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'out-of-paper', afterPages: 1 });
  await print(printer);
  await untilState(printer, 1, 'processing-stopped');
  const state = await ask(printer, 'Get-Printer-Attributes');
  assert.equal(values(state, 'printer-state')[0]?.value, 5);
  assert.ok(values(state, 'printer-state-reasons').some(({ value }) => value === 'media-empty-error'));
  assert.equal(printer.control.jobs()[0]?.impressionsCompleted, 1);
  assert.equal(printer.printed().length, 0);
  await printer.control.clearFault('out-of-paper');
  await untilState(printer, 1, 'completed');
  assert.equal(printer.printed().length, 1);
});

test('a paused printer keeps its jobs pending until it is resumed', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'paused' });
  await print(printer);
  await until(() => printer.control.jobs()[0]?.reasons[0] === 'printer-stopped', 'the job says why');
  assert.equal(stateOf(printer, 1), 'pending');
  await printer.control.clearFault();
  await untilState(printer, 1, 'completed');
});

test('a printer that is switched off refuses connections and comes back on its port', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'offline', manner: 'refuse' });
  await assert.rejects(print(printer), { code: 'ECONNREFUSED' });
  await printer.control.clearFault();
  assert.equal((await print(printer)).code, status.ok);
});

test('a silent printer takes the request and never answers', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'offline', manner: 'silent' });
  const outcome = await Promise.race([print(printer).catch(() => 'cut'), sleep(150, 'silence')]);
  assert.equal(outcome, 'silence');
  assert.deepEqual(printer.control.jobs(), []);
});

test('a slow printer shows its progress and can be canceled in the middle', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'slow', pagesPerSecond: 0.01 });
  await print(printer);
  await until(() => printer.control.jobs()[0]?.impressionsCompleted === 1, 'one page is out');
  assert.equal(stateOf(printer, 1), 'processing');
  assert.equal((await ask(printer, 'Cancel-Job', { operation: { 'job-id': integer(1) } })).code, status.ok);
  assert.equal(stateOf(printer, 1), 'canceled');
  assert.equal((await ask(printer, 'Cancel-Job', { operation: { 'job-id': integer(1) } })).code, status.notPossible);
  assert.equal(printer.printed().length, 0);
});

test('the next job is aborted once, and the one after it prints', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'abort-job', afterPages: 1 });
  await print(printer);
  await print(printer);
  await untilState(printer, 2, 'completed');
  const aborted = printer.control.jobs()[0];
  assert.deepEqual([aborted?.state, aborted?.reasons], ['aborted', ['aborted-by-system']]);
  assert.deepEqual(
    printer.printed().map(({ jobId }) => jobId),
    [2],
  );
});

const refusals = [
  ['busy', status.busy],
  ['not-accepting', status.notAcceptingJobs],
  ['reject-format', status.documentFormatNotSupported],
  ['raster-only', status.documentFormatNotSupported],
] as const;
for (const [kind, code] of refusals) {
  test(`a printer that is ${kind} refuses a PDF with its own status`, async (t) => {
    const printer = await start(t);
    await printer.control.setFault({ kind });
    const operation = { 'document-format': mimeType('application/pdf') };
    assert.equal((await ask(printer, 'Print-Job', { operation, document: twoPages })).code, code);
    await printer.control.clearFault();
    assert.equal((await ask(printer, 'Print-Job', { operation, document: twoPages })).code, status.ok);
  });
}

test('an old printer knows Print-Job only', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'no-create-job' });
  const offered = values(await ask(printer, 'Get-Printer-Attributes'), 'operations-supported').map(
    ({ value }) => value,
  );
  assert.ok(offered.includes(2) && !offered.includes(5) && !offered.includes(6));
  assert.equal((await ask(printer, 'Create-Job')).code, status.operationNotSupported);
  assert.equal((await print(printer)).code, status.ok);
});

for (const operation of ['Print-Job', 'Create-Job', 'Send-Document'] as const) {
  test(`a lost answer to ${operation} leaves the work done`, async (t) => {
    const printer = await start(t);
    await printer.control.setFault({ kind: 'drop-answer', operation });
    if (operation === 'Send-Document') await ask(printer, 'Create-Job');
    const wishes = { operation: { 'job-id': integer(1), 'last-document': boolean(true) }, document: twoPages };
    await assert.rejects(ask(printer, operation, wishes), { code: 'ECONNRESET' });
    await untilState(printer, 1, operation === 'Create-Job' ? 'pending-held' : 'completed');
    assert.equal(printer.printed().length, operation === 'Create-Job' ? 0 : 1);
    assert.equal(printer.control.requests().at(-1)?.status, 'lost');
  });
}

test('a document cut on its way never comes out', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'drop-upload', afterBytes: 100_000 });
  const document = Buffer.concat([twoPages, Buffer.alloc(5_000_000, ' ')]);
  await assert.rejects(ask(printer, 'Print-Job', { document }), { code: /ECONNRESET|EPIPE/ });
  await untilState(printer, 1, 'aborted');
  assert.deepEqual(printer.control.jobs()[0]?.reasons, ['aborted-by-system', 'submission-interrupted']);
  assert.deepEqual(printer.printed(), []);
});

test('a client that goes away inside its upload leaves an aborted job', async (t) => {
  const printer = await start(t);
  const socket = beginUpload(t, printer);
  await untilState(printer, 1, 'pending-held');
  socket.destroy();
  await untilState(printer, 1, 'aborted');
  assert.deepEqual(printer.printed(), []);
});

test('an early refusal is heard while the document is still on its way', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'early-refusal', times: 1 });
  const socket = beginUpload(t, printer);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  const body = readMessage(answer.subarray(answer.indexOf('\r\n\r\n') + 4));
  assert.equal(body.kind === 'complete' && body.message.code, status.requestEntityTooLarge);
});

test('a printer that forgets its history does not know a finished job', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'forget-history' });
  await print(printer);
  await until(() => printer.printed().length === 1 && printer.control.jobs().length === 0, 'the job vanished');
  const answer = await ask(printer, 'Get-Job-Attributes', { operation: { 'job-id': integer(1) } });
  assert.equal(answer.code, status.notFound);
});

test('wishes that the printer cannot keep are named, and refuse the job when it insists', async (t) => {
  const printer = await start(t);
  const job = attributesOf({ copies: integer(100), sides: keyword('two-sided-long-edge'), staple: keyword('gold') });
  const lenient = await print(printer, 'Lenient', job);
  assert.equal(lenient.code, status.okIgnoredOrSubstituted);
  const unsupported = lenient.groups.find((group) => group.tag === delimiter.unsupported)?.attributes;
  assert.deepEqual(
    unsupported?.map((each) => each.name),
    ['copies', 'staple'],
  );
  await untilState(printer, 1, 'completed');
  assert.deepEqual(printer.printed()[0]?.ticket, { sides: ['two-sided-long-edge'] });
  const operation = { 'ipp-attribute-fidelity': boolean(true) };
  const strict = await ask(printer, 'Print-Job', { operation, job, document: twoPages });
  assert.equal(strict.code, status.attributesOrValuesNotSupported);
});

test('wrong types reach the wire as they are', async (t) => {
  const printer = await start(t);
  await printer.control.setFault({ kind: 'wrong-types' });
  const operation = { 'requested-attributes': keyword('printer-state', 'copies-supported', 'media-supported') };
  const answer = await ask(printer, 'Get-Printer-Attributes', { operation });
  assert.equal(values(answer, 'printer-state')[0]?.tag, valueTag.keyword);
  assert.equal(values(answer, 'copies-supported')[0]?.value, 'many');
});

test('a restarted printer remembers its jobs and prints what had not come out, once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'printer-memory-'));
  const outputDir = mkdtempSync(join(tmpdir(), 'printer-output-'));
  const options = { directory, outputDir, name: 'practice' };
  const first = await startPrinter(options);
  await print(first, 'Before');
  await untilState(first, 1, 'completed');
  await first.control.setFault({ kind: 'paused' });
  await print(first, 'Waiting');
  await first.close();
  const second = await startPrinter(options);
  await untilState(second, 2, 'completed');
  assert.equal(stateOf(second, 1), 'completed');
  assert.deepEqual(
    second.printed().map(({ jobName }) => jobName),
    ['Before', 'Waiting'],
  );
  assert.equal(values(await print(second, 'After'), 'job-id')[0]?.value, 3);
  await second.close();
  for (const each of [directory, outputDir]) rmSync(each, { recursive: true, force: true });
});

test('hostile bytes get a bad request and the printer goes on', async (t) => {
  const printer = await start(t);
  const bad = encode(printer, 'Print-Job', {});
  bad.writeUInt16BE(0xffff, 10);
  assert.equal((await post(printer, bad)).code, status.badRequest);
  const nested = Buffer.concat([
    bad.subarray(0, 9),
    ...Array(9).fill(Buffer.from([0x34, 0, 0, 0, 0, 0x4a, 0, 0, 0, 1, 0x61])),
  ]);
  assert.equal((await post(printer, nested)).code, status.badRequest);
  assert.equal((await post(printer, Buffer.alloc(0))).code, status.badRequest);
  const endless = Buffer.concat([encode(printer, 'Print-Job', {}).subarray(0, -1), Buffer.alloc(40).fill(0x41)]);
  assert.equal((await post(printer, Buffer.concat([endless, Buffer.alloc(2 ** 21, 0x41)]))).code, status.badRequest);
  assert.equal((await print(printer)).code, status.ok);
});

test('a job canceled while its document is opened does not disturb the next one', async (t) => {
  const printer = await start(t);
  for (let round = 1; round <= 10; round += 1) {
    await print(printer);
    printer.control.cancelJob(round);
  }
  await until(
    () => printer.control.jobs().every(({ state }) => state === 'canceled' || state === 'completed'),
    'all end',
  );
  const completed = printer.control.jobs().filter(({ state }) => state === 'completed');
  assert.deepEqual(
    printer.printed().map(({ jobId }) => jobId),
    completed.map(({ id }) => id),
  );
});
