import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { startIppEvePrinter } from '../../../test/harness/ippeveprinter.ts';
import { getProgram } from '../../../test/harness/processes.ts';
import { eventually } from '../../../test/harness/time.ts';
import {
  cancelJob,
  createJob,
  findJobsByName,
  getJobAttributes,
  getJobs,
  getPrinterAttributes,
  type IppCaller,
  printJob,
  sendDocument,
  validateJob,
} from './client.ts';
import { type IppAttributes, type IppValue, integer, ippTags, keyword } from './message.ts';
import { parsePrinterUri } from './target.ts';
import { IppTransport } from './transport.ts';

async function open(t: TestContext, script = ''): Promise<{ caller: IppCaller; uri: string }> {
  const printer = await startIppEvePrinter({ script });
  const transport = new IppTransport({ target: parsePrinterUri(printer.uri), trust: { kind: 'first-use' } });
  t.after(async () => {
    await transport.close();
    await printer.close();
  });
  const attempt = { deadlineMs: 10_000, idleMs: 5_000 };
  return { caller: { transport, version: '2.0', userName: 'maria', attempt }, uri: printer.uri };
}

const documentOf = (...chunks: string[]) => ({
  bytes: (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk);
  })(),
});

/** What `ipptool` reads from the same printer: name, and values in its own way of writing. */
async function askIpptool(uri: string): Promise<Map<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), 'ipptool-'));
  const request = join(folder, 'all.test');
  writeFileSync(
    request,
    `{ NAME "all" OPERATION Get-Printer-Attributes GROUP operation-attributes-tag
       ATTR charset attributes-charset utf-8 ATTR language attributes-natural-language en
       ATTR uri printer-uri $uri ATTR keyword requested-attributes all,media-col-database STATUS successful-ok }`,
  );
  try {
    const ipptool = getProgram('ipptool', 'cups-ipp-utils');
    const { stdout } = await promisify(execFile)(ipptool, ['-tv', uri, request], { maxBuffer: 2 ** 24 });
    const answer = stdout.slice(stdout.indexOf('status-code ='));
    const lines = answer.matchAll(/^ {8}([a-z0-9-]+) \(([^)]*)\) = (.*)$/gim);
    return new Map([...lines].map(([, name = '', , words = '']) => [name, words]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Writes values as ipptool does; what it writes in a way of its own is left out of the comparison. */
function asIpptool(values: readonly IppValue[]): string | undefined {
  const words = values.map((value) => {
    if (value.bad) return undefined;
    const { tag, value: payload } = value;
    if (typeof payload === 'string') return payload;
    if (typeof payload === 'boolean') return String(payload);
    if (typeof payload === 'number' && tag === ippTags.integer) return String(payload);
    if (typeof payload === 'object' && payload && 'kind' in payload && payload.kind === 'range') {
      return `${payload.lower}-${payload.upper}`;
    }
    return undefined;
  });
  return words.every((word) => word !== undefined) ? words.join(',') : undefined;
}

const TIME_DEPENDENT = ['printer-up-time', 'printer-config-change-time', 'printer-state-change-time'];

test('ipptool reads the same attributes and values from a real printer as we do', async (t) => {
  const { caller, uri } = await open(t);
  const { printer } = await getPrinterAttributes(caller, ['all', 'media-col-database']);
  const theirs = await askIpptool(uri);
  theirs.delete('attributes-charset');
  theirs.delete('attributes-natural-language');
  theirs.delete('status-code');
  assert.ok(theirs.size > 90, `${theirs.size} attributes`);
  assert.deepEqual([...printer.keys()].sort(), [...theirs.keys()].sort());
  let compared = 0;
  for (const [name, values] of printer) {
    const ours = asIpptool(values);
    if (ours === undefined || TIME_DEPENDENT.includes(name)) continue;
    assert.equal(ours, theirs.get(name), name);
    compared += 1;
  }
  assert.ok(compared > 70, `${compared} values`);
});

test('a job goes through every operation at a real printer', async (t) => {
  const { caller } = await open(t, 'sleep 0.3');
  const template: IppAttributes = new Map([['sides', [keyword('one-sided')]]]);
  const request = { jobName: 'Rechnung „März“', documentFormat: 'application/pdf', template };
  assert.equal((await validateJob(caller, request)).statusName, 'successful-ok');
  const created = await createJob(caller, { jobName: request.jobName, template });
  assert.equal(created.job?.state, 'pending-held');
  const jobId = created.job?.id ?? 0;
  const sent = await sendDocument(caller, {
    isLast: true,
    jobId,
    documentName: 'a.pdf',
    documentFormat: 'application/pdf',
    document: documentOf('%PDF-1.7\n', '%%EOF\n'),
  });
  assert.equal(sent.statusName, 'successful-ok');
  assert.equal(sent.documentSent, 'wholly');
  const current = await getJobs(caller, { whichJobs: 'not-completed', owner: 'anyone' });
  assert.deepEqual(
    current.jobs.map((job) => [job.id, job.name, job.userName]),
    [[jobId, request.jobName, 'maria']],
  );
  await eventually(async () => (await getJobAttributes(caller, jobId)).job?.state === 'completed');
  const remembered = await findJobsByName(caller, request.jobName);
  assert.deepEqual(remembered.kind === 'answered' && remembered.jobs.map((job) => job.id), [jobId]);
  assert.equal((await cancelJob(caller, jobId)).statusName, 'client-error-not-possible');
});

test('what a real printer refuses is told with its status, its words and the attributes', async (t) => {
  const { caller } = await open(t);
  const template: IppAttributes = new Map([
    ['sides', [keyword('no-such-side')]],
    ['copies', [integer(100_000)]],
  ]);
  const answer = await validateJob(caller, { jobName: 'one', documentFormat: 'application/pdf', template });
  assert.equal(answer.statusName, 'client-error-attributes-or-values-not-supported');
  assert.match(answer.statusMessage ?? '', /Unsupported/);
  assert.deepEqual([...answer.unsupported].sort(), ['copies', 'sides']);
  assert.equal((await getJobAttributes(caller, 4711)).statusName, 'client-error-not-found');
});

test('a printer takes a whole job in one request, its document chunked or counted', async (t) => {
  const { caller } = await open(t);
  const request = { jobName: 'whole', documentFormat: 'application/pdf', template: new Map() };
  const chunked = await printJob(caller, { ...request, document: documentOf('%PDF-1.7\n%%EOF\n') });
  assert.equal(chunked.statusName, 'successful-ok');
  await eventually(async () => (await getJobAttributes(caller, chunked.job?.id ?? 0)).job?.state === 'completed');
  const document = { ...documentOf('%PDF-1.7\n', '%%EOF\n'), size: 15, framing: 'length' as const };
  const counted = await printJob(caller, { ...request, document });
  assert.equal(counted.statusName, 'successful-ok');
  await eventually(async () => (await getJobAttributes(caller, counted.job?.id ?? 0)).job?.state === 'completed');
});
