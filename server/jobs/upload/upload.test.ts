import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { runCli } from '../../../cli/testing.ts';
import {
  addPerson,
  addProgram,
  browserHeaders,
  openServer,
  type Person,
  type Server,
} from '../../../test/attacks/callers.ts';
import { writePdf } from '../../../test/harness/mail.ts';
import { eventually } from '../../../test/harness/time.ts';
import { newId } from '../../base/secrets.ts';
import { readJournal } from '../../journal/journal.ts';
import { discard } from '../../spool/spool.ts';
import { addQueue, getJob, type Job, RECOGNITION_BYTES } from '../jobs.ts';
import { uploadLimits } from './limits.ts';
import { assertRoom, keepDocument } from './upload.ts';

const PDF = writePdf('report', 900);

type Sent = { readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> };
type Form = {
  readonly file?: Uint8Array<ArrayBuffer> | Blob;
  readonly name?: string;
  readonly type?: string;
  readonly key?: string;
  readonly fields?: Readonly<Record<string, string>>;
};

const sockets = new Set<Socket>();
let server: Server;
let anna: Person;
let queues: { readonly hold: string; readonly direct: string };

async function send(headers: Readonly<Record<string, string>>, form: Form = {}): Promise<Sent> {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields ?? {})) body.append(name, value);
  const file = form.file ?? new Uint8Array(PDF);
  const blob = file instanceof Blob ? file : new Blob([file], { type: form.type ?? 'application/pdf' });
  body.append('file', blob, form.name ?? 'report.pdf');
  const key = form.key === undefined ? { 'idempotency-key': newId() } : { 'idempotency-key': form.key };
  const answer = await fetch(`http://127.0.0.1:${server.http.address.port}/api/v1/jobs`, {
    method: 'POST',
    headers: { ...headers, ...(form.key === '' ? {} : key) },
    body,
  });
  return { status: answer.status, headers: answer.headers, json: (await answer.json()) as Record<string, unknown> };
}

/** Begins a form of this length and sends nothing of it yet. */
function open(headers: Readonly<Record<string, string>>, length: number): Socket {
  const { port } = server.http.address;
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers, 'idempotency-key': newId() });
  const form = `content-type: multipart/form-data; boundary=b\r\ncontent-length: ${length}`;
  socket.write(`POST /api/v1/jobs HTTP/1.1\r\n${lines.map((line) => line.join(': ')).join('\r\n')}\r\n${form}\r\n\r\n`);
  sockets.add(socket);
  return socket;
}

/** What is answered to the beginning of a form. */
async function raw(headers: Readonly<Record<string, string>>, length: number): Promise<string> {
  const socket = open(headers, length);
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  await eventually(async () => text.includes('}'));
  socket.destroy();
  return text;
}

async function countJobs(): Promise<number> {
  const rows = await server.test.context.db.selectFrom('jobs').select('id').execute();
  return rows.length;
}

/** Files that lie in the spool, whether a row names them or not. */
async function countFiles(): Promise<number> {
  const names = await readdir(server.test.context.settings.spoolDir, { recursive: true });
  return names.filter((name) => name.includes('-')).length;
}

describe('a document that a person sends', () => {
  before(async () => {
    server = await openServer();
    const { context } = server.test;
    anna = await addPerson(server, 'user');
    queues = {
      hold: (await addQueue(context, { name: 'Hold', mode: 'hold' }, 'test')).id,
      direct: (await addQueue(context, { name: 'Direct', mode: 'direct' }, 'test')).id,
    };
  });
  after(async () => {
    for (const socket of sockets) socket.destroy();
    await server[Symbol.asyncDispose]();
  });

  test('becomes a job of theirs in the default queue, with its bytes and its options, before it is answered', async () => {
    const options = { copies: 2, sides: 'two-sided-long-edge', color: 'monochrome', pageRanges: [{ from: 1, to: 1 }] };
    const { status, headers, json } = await send(anna.headers, { fields: { options: JSON.stringify(options) } });
    assert.equal(status, 201);
    assert.equal(headers.get('location'), `/api/v1/jobs/${json.id}`);
    assert.deepEqual(
      [json.ownerId, json.title, json.state, json.queueId, json.options, json.documentBytes],
      [anna.id, 'report.pdf', 'pending-held', queues.hold, options, PDF.length],
    );
    const job: Job = await getJob(server.test.context, String(json.id));
    const { db } = server.test.context;
    const file = await db
      .selectFrom('spool_files')
      .selectAll()
      .where('id', '=', String(job.originalId))
      .executeTakeFirst();
    assert.equal(file?.bytes, PDF.length);
    const [event] = await readJournal(server.test.context, { subjectId: job.id, limit: 10 });
    assert.deepEqual([event?.type, event?.ownerId], ['job-created', anna.id]);
  });

  test('goes to the queue that is named, at once or held as asked', async () => {
    const direct = await send(anna.headers, { fields: { queueId: queues.direct } });
    assert.deepEqual([direct.status, direct.json.state, direct.json.queueId], [201, 'pending', queues.direct]);
    const held = await send(anna.headers, { fields: { queueId: queues.direct, hold: 'true' } });
    assert.deepEqual([held.status, held.json.state], [201, 'pending-held']);
    const unknown = await send(anna.headers, { fields: { queueId: newId() } });
    assert.deepEqual([unknown.status, unknown.json.code], [404, 'not-found']);
  });

  test('is one job however often it is sent under the same key, also at the same time', async () => {
    const key = newId();
    const before = await countJobs();
    const first = await send(anna.headers, { key });
    const files = await countFiles();
    const again = await Promise.all([1, 2, 3].map(() => send(anna.headers, { key })));
    assert.deepEqual([first.status, ...again.map(({ status }) => status)], [201, 200, 200, 200]);
    assert.deepEqual(new Set(again.map(({ json }) => json.id)), new Set([first.json.id]));
    const together = newId();
    const answers = await Promise.all([1, 2, 3].map(() => send(anna.headers, { key: together })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
    assert.equal(await countJobs(), before + 2);
    assert.equal(await countFiles(), files + 1);
  });

  test('is refused under the key of another document, and keys of others are no matter', async () => {
    const key = newId();
    const { json } = await send(anna.headers, { key });
    const other = await send(anna.headers, { key, file: new Uint8Array(writePdf('other', 900)) });
    assert.deepEqual([other.status, other.json.code], [422, 'upload-key-reused']);
    const bruno = await addPerson(server, 'user');
    const his = await send(bruno.headers, { key });
    assert.equal(his.status, 201);
    assert.notEqual(his.json.id, json.id);
    for (const bad of [
      '',
      'short',
      'x'.repeat(uploadLimits.minKeyChars - 1),
      'x'.repeat(uploadLimits.maxKeyChars + 1),
    ]) {
      const refused = await send(anna.headers, { key: bad });
      assert.deepEqual([refused.status, refused.json.code], [400, 'invalid-request'], bad);
    }
    assert.equal((await send(anna.headers, { key: 'x'.repeat(uploadLimits.minKeyChars) })).status, 201);
    assert.equal((await send(anna.headers, { key: 'x'.repeat(uploadLimits.maxKeyChars) })).status, 201);
  });

  test('is known by its bytes, whatever it calls itself, and refused with the reason that mail gives', async () => {
    const [jobs, files] = [await countJobs(), await countFiles()];
    const refused = {
      'document-empty': '',
      'document-executable': 'MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0 this program cannot be run',
      'document-archive': 'Rar!\x1a\x07\x01\0 and so on',
    };
    for (const [code, bytes] of Object.entries(refused)) {
      const answer = await send(anna.headers, {
        file: new Uint8Array(Buffer.from(bytes, 'latin1')),
        name: 'invoice.pdf',
      });
      assert.deepEqual([answer.status, answer.json.code], [422, code]);
      assert.ok(String(answer.json.advice).length > 20, code);
    }
    assert.deepEqual([await countJobs(), await countFiles()], [jobs, files]);
    const text = await send(anna.headers, {
      file: new Uint8Array(Buffer.from('perché no')),
      name: 'note.exe',
      type: 'application/x-msdownload',
    });
    assert.deepEqual([text.status, String(text.json.documentFormat).startsWith('text/plain')], [201, true]);
  });

  test('bears its name as text, without its folders and without what a terminal obeys', async () => {
    const names: readonly (readonly [string, string])[] = [
      ['../../etc/passwd', 'passwd'],
      ['C:\\Users\\anna\\Perché però.pdf', 'Perché però.pdf'],
      ['<img src=x onerror=alert(1)>.pdf', '<img src=x onerror=alert(1)>.pdf'],
      ['a\u001b[2Jb\u0000c.pdf', 'a [2Jb c.pdf'],
      ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
      ['\u2067..\u2069/CON', 'CON'],
    ];
    for (const [name, title] of names) {
      const { status, json } = await send(anna.headers, { name });
      assert.deepEqual([status, json.title], [201, title]);
    }
    const long = await send(anna.headers, { name: `${'x'.repeat(400)}.pdf` });
    assert.equal(String(long.json.title).length, 255);
  });

  test('is kept at the limit of its size, and refused one byte past it', async () => {
    const { context } = server.test;
    const files = await countFiles();
    // As many bytes as the test has patience for: what counts is the one past the limit.
    const maxBytes = 3 * RECOGNITION_BYTES;
    const sent = (bytes: number) => {
      const content = Readable.from([
        PDF,
        Buffer.alloc(RECOGNITION_BYTES),
        Buffer.alloc(bytes - PDF.length - RECOGNITION_BYTES),
      ]);
      return keepDocument(context, { name: 'a', declaredType: '', content, maxBytes });
    };
    const kept = await sent(maxBytes);
    assert.equal(kept.file.bytes, maxBytes);
    await discard(context, [kept.file]);
    await assert.rejects(sent(maxBytes + 1), { code: 'document-too-large' });
    // What says itself that it is too large is not read.
    const answer = await raw(anna.headers, uploadLimits.maxBytes + uploadLimits.maxFormBytes + 1);
    assert.match(answer, /^HTTP\/1\.1 413 [\s\S]*"code":"document-too-large"/);
    assert.equal(await countFiles(), files);
  });

  test('leaves nothing behind when the line breaks or the form is not whole', async () => {
    const [jobs, files] = [await countJobs(), await countFiles()];
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n';
    const part = Buffer.concat([Buffer.from(head), PDF, Buffer.alloc(2 * RECOGNITION_BYTES)]);
    const broken = open(anna.headers, 10 * part.length);
    broken.write(part);
    await eventually(async () => (await countFiles()) > files);
    broken.destroy();
    await eventually(async () => (await countFiles()) === files);
    const unfinished = await fetch(`http://127.0.0.1:${server.http.address.port}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...anna.headers, 'idempotency-key': newId(), 'content-type': 'multipart/form-data; boundary=b' },
      body: new Uint8Array(part),
    });
    const problem = (await unfinished.json()) as Record<string, unknown>;
    assert.deepEqual([unfinished.status, problem.code], [400, 'upload-unreadable']);
    assert.deepEqual([await countJobs(), await countFiles()], [jobs, files]);
  });

  test('comes with fields that are understood, or not at all', async () => {
    const files = await countFiles();
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { options: '{' },
      { options: '{"copies":0}' },
      { options: '{"copies":1000}' },
      { options: '{"stapler":true}' },
      { queueId: 'mine' },
      { hold: 'perhaps' },
      { somethingElse: 'x' },
      { options: ' '.repeat(uploadLimits.maxFieldBytes + 1) },
      Object.fromEntries(Array.from({ length: uploadLimits.maxFields + 1 }, (_, index) => [`f${index}`, 'x'])),
      JSON.parse('{"__proto__":"x"}'),
    ];
    for (const fields of wrong) {
      const { status, json } = await send(anna.headers, { fields });
      assert.equal(status, 400, JSON.stringify(fields));
      assert.ok(['invalid-request', 'upload-unreadable'].includes(String(json.code)), JSON.stringify(json));
    }
    assert.equal((await send(anna.headers, { fields: { options: '{"copies":999}' } })).status, 201);
    assert.equal(await countFiles(), files + 1);
    const json = await fetch(`http://127.0.0.1:${server.http.address.port}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...anna.headers, 'idempotency-key': newId(), 'content-type': 'application/json' },
      body: '{}',
    });
    assert.equal(json.status, 415);
  });

  test('is never somebody else’s: people print for themselves, and a program says for whom', async () => {
    const bruno = await addPerson(server, 'user');
    const operator = await addPerson(server, 'operator');
    for (const headers of [anna.headers, operator.headers]) {
      const { status, json } = await send(headers, { fields: { ownerId: bruno.id } });
      assert.deepEqual([status, json.code], [403, 'forbidden']);
    }
    const weak = await send(await addProgram(server, 'user'), { fields: { ownerId: bruno.id } });
    assert.deepEqual([weak.status, weak.json.code], [403, 'forbidden']);
    const program = await addProgram(server, 'operator');
    assert.equal((await send(program)).status, 400);
    const unknown = await send(program, { fields: { ownerId: newId() } });
    assert.deepEqual([unknown.status, unknown.json.code], [404, 'not-found']);
    const printed = await send(program, { fields: { ownerId: bruno.id } });
    assert.deepEqual([printed.status, printed.json.ownerId], [201, bruno.id]);
  });

  test('is sent from the command line for somebody, with its options', async () => {
    const bruno = await addPerson(server, 'user');
    const { authorization = '' } = await addProgram(server, 'operator');
    const env = {
      PLATEN_URL: `http://127.0.0.1:${server.http.address.port}`,
      PLATEN_TOKEN: authorization.replace('Bearer ', ''),
    };
    const file = join(server.test.context.settings.spoolDir, 'from here.pdf');
    await writeFile(file, PDF);
    const words = [
      'jobs',
      'print',
      file,
      '--for',
      bruno.email,
      '--queue',
      'Direct',
      '--hold',
      '--copies',
      '3',
      '--json',
    ];
    const { code, stdout, stderr } = await runCli(words, { env });
    assert.equal(code, 0, stderr);
    const { ownerId, title, state, options } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual([ownerId, title, state, options], [bruno.id, 'from here.pdf', 'pending-held', { copies: 3 }]);
    const missing = await runCli(['jobs', 'print', '/nowhere.pdf', '--for', bruno.email], { env });
    assert.deepEqual([missing.code, /The file \/nowhere\.pdf cannot be read/.test(missing.stderr)], [1, true]);
  });

  test('is not taken from a page of another site, nor from nobody', async () => {
    const jobs = await countJobs();
    const foreign = await send({ ...anna.headers, origin: 'https://attack.example', 'sec-fetch-site': 'cross-site' });
    assert.deepEqual([foreign.status, foreign.json.code], [403, 'cross-site-request']);
    assert.equal((await send(browserHeaders(server))).status, 401);
    assert.equal(await countJobs(), jobs);
  });

  test('waits for its turn when one person sends more at once than is taken', async () => {
    const bruno = await addPerson(server, 'user');
    let begun = 0;
    await eventually(async () => {
      // One more, until all places are taken by those that never end.
      open(bruno.headers, 5000);
      begun += 1;
      return (await send(bruno.headers)).status === 429;
    });
    assert.ok(begun >= uploadLimits.maxAtOncePerPerson);
    assert.equal((await send(anna.headers)).status, 201);
    for (const socket of sockets) socket.destroy();
    await eventually(async () => (await send(bruno.headers)).status === 201);
  });

  test('is not taken while the disk has no room', async () => {
    const { context } = server.test;
    const disk = (freeBytes: number) => async () => ({ freeBytes, totalBytes: 100 });
    await assertRoom(context, disk(10));
    await assert.rejects(assertRoom(context, disk(9)), { code: 'spool-full' });
  });
});
