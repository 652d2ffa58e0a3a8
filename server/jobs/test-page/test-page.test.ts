import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startPrinter } from '../../../simulator/printer/server.ts';
import { openTestContext } from '../../../test/harness/database.ts';
import { readPdfText } from '../../../test/harness/pdf.ts';
import { eventually } from '../../../test/harness/time.ts';
import { systemClock } from '../../base/clock.ts';
import { openHttp } from '../../http/http.ts';
import { addPrinter, closePrinterConnections } from '../../printers/printers.ts';
import { addUser, createLocalToken } from '../../users/users.ts';
import { addQueue, getJob } from '../jobs.ts';
import { jobsRoutes } from '../routes.ts';
import { startJobsWorker } from '../worker.ts';
import { drawTestPage } from './draw.ts';
import { cutByFont, findFonts } from './fonts.ts';

type Body = { readonly id: string; readonly code?: string; readonly title: string; readonly state: string };

async function open(t: TestContext) {
  const platen = await openTestContext();
  const context = { ...platen.context, clock: systemClock };
  const http = await openHttp(context, { routes: [jobsRoutes] });
  const outputDir = mkdtempSync(join(tmpdir(), 'test-page-'));
  const practice = await startPrinter({ name: 'practice', outputDir });
  const worker = await startJobsWorker(context);
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await worker[Symbol.asyncDispose]();
    await closePrinterConnections(context);
    await practice.close();
    await platen[Symbol.asyncDispose]();
    rmSync(outputDir, { recursive: true, force: true });
  });
  const printer = await addPrinter(context, { name: 'Ufficio 2° piano', uri: practice.uri });
  const person = { email: 'anna@example.org', name: 'Anna', role: 'operator', language: 'it' } as const;
  const owner = await addUser(context, person, 'test');
  const ask = async (role: 'operator' | 'user', key: string | undefined, body: object = { ownerId: owner.id }) => {
    const { token } = await createLocalToken(context, { name: `${role} ${key}`, role });
    const answer = await fetch(`${http.url}/api/v1/printers/${printer.id}/test-page`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'accept-language': 'it',
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  return { context, practice, printer, owner, ask };
}

const KEY = 'one-key-for-this-page';

test('a test page is a job of whoever asks, goes to its printer past a hold queue, and is printed once for a key', async (t) => {
  const { context, practice, printer, owner, ask } = await open(t);
  const without = await ask('operator', KEY);
  assert.deepEqual([without.status, without.body.code], [409, 'no-queue']);
  await addQueue(context, { name: 'Held', mode: 'hold', printerIds: [printer.id] }, 'test');
  const made = await ask('operator', KEY);
  assert.equal(made.status, 201);
  assert.equal(made.body.title, 'Pagina di prova: Ufficio 2° piano');
  const job = await eventually(
    async () => {
      const job = await getJob(context, made.body.id, owner.id);
      return ['completed', 'aborted'].includes(job.state) ? job : undefined;
    },
    { timeoutMs: 120_000 },
  );
  assert.deepEqual([job.state, job.pages, job.printerId], ['completed', 1, printer.id], job.problem?.detail);
  const again = await ask('operator', KEY);
  assert.deepEqual([again.status, again.body.id], [200, made.body.id]);
  const [paper, ...more] = practice.printed();
  assert.deepEqual(more, []);
  const text = readPdfText(paper?.file ?? '');
  for (const words of ['Pagina di prova', 'Ufficio 2° piano', practice.uri, 'Anna', 'Platen 0.', 'Colori', '5 mm']) {
    assert.ok(text.includes(words), `${words} in ${text}`);
  }
});

test('a test page needs an operator, a key, and somebody for whom a program prints', async (t) => {
  const { ask } = await open(t);
  assert.equal((await ask('user', KEY)).status, 403);
  assert.equal((await ask('operator', undefined)).body.code, 'invalid-request');
  assert.equal((await ask('operator', 'too-short')).body.code, 'invalid-request');
  assert.equal((await ask('operator', KEY, {})).body.code, 'invalid-request');
});

test('names in Greek, Polish and Chinese are written with fonts of the machine, and others need none', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'test-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const capabilities = { media: { default: 'iso_a4_210x297mm' }, model: '佳能 LBP' } as never;
  const page = { at: new Date(), language: 'en' } as const;
  const foreign = await drawTestPage({
    ...page,
    printer: { name: 'Εκτυπωτής 2ου ορόφου', uri: 'ipp://192.0.2.1/ipp/print', capabilities },
    ownerName: 'Łukasz Żółć',
  });
  writeFileSync(join(folder, 'page.pdf'), foreign);
  const words = readPdfText(join(folder, 'page.pdf'));
  for (const name of ['Εκτυπωτής 2ου ορόφου', '佳能 LBP', 'Łukasz Żółć', 'ipp://192.0.2.1/ipp/print']) {
    assert.ok(words.includes(name), `${name} in ${words}`);
  }
  assert.match(foreign.toString('latin1'), /FontFile2/, 'whoever reads it needs no such font');
  const latin = await drawTestPage({
    ...page,
    printer: { name: 'Ufficio 2° piano', uri: 'ipp://192.0.2.1/ipp/print', capabilities: null },
    ownerName: 'Zoë',
  });
  assert.ok(!latin.toString('latin1').includes('FontFile'));
  // No font writes a sign that is not given out.
  assert.deepEqual(
    cutByFont('Ł\u{10FFFD}', await findFonts('Ł\u{10FFFD}')).map(({ font }) => font !== undefined),
    [true, false],
  );
});
