import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, stat, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openTestContext } from '../../test/harness/database.ts';
import { DAY_MS } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import type { Context } from '../store/database.ts';
import { addSpoolFiles, keep, openSpoolFile, pathOf } from './spool.ts';
import { sweepSpool } from './worker.ts';

const hasCode = (code: string) => (error: unknown) => error instanceof PlatenError && error.code === code;

async function countFiles(context: Context): Promise<number> {
  const names = await readdir(context.settings.spoolDir, { recursive: true });
  return names.filter((name) => name.includes('-')).length;
}

test('a stream is kept with its length and digest, closed to others, and read back the same', async () => {
  await using test = await openTestContext();
  const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(1000 + index, index));
  const whole = Buffer.concat(chunks);
  const kept = await keep(test.context, Readable.from(chunks), {
    mediaType: 'application/pdf',
    maxBytes: whole.length,
  });
  assert.equal(kept.bytes, whole.length);
  assert.deepEqual(kept.sha256, createHash('sha256').update(whole).digest());
  assert.equal((await stat(pathOf(test.context, kept.id))).mode & 0o777, 0o600);
  await addSpoolFiles(test.context, [kept]);
  const back = await openSpoolFile(test.context, kept.id);
  assert.deepEqual(Buffer.concat(await back.toArray()), whole);
});

test('a document at the limit is kept; one byte more is refused and leaves nothing behind', async () => {
  await using test = await openTestContext();
  const options = { mediaType: 'application/pdf', maxBytes: 100 };
  await keep(test.context, Buffer.alloc(100), options);
  await assert.rejects(
    keep(test.context, Readable.from([Buffer.alloc(60), Buffer.alloc(41)]), options),
    hasCode('document-too-large'),
  );
  assert.equal(await countFiles(test.context), 1);
});

test('a stream that breaks leaves nothing behind', async () => {
  await using test = await openTestContext();
  const broken = Readable.from(
    (function* () {
      yield Buffer.alloc(10);
      throw new Error('line lost');
    })(),
  );
  await assert.rejects(keep(test.context, broken, { mediaType: 'application/pdf', maxBytes: 100 }), /line lost/);
  assert.equal(await countFiles(test.context), 0);
});

test('a file that was cut short is not printed', async () => {
  await using test = await openTestContext();
  const kept = await keep(test.context, Buffer.alloc(100), { mediaType: 'application/pdf', maxBytes: 100 });
  await addSpoolFiles(test.context, [kept]);
  await truncate(pathOf(test.context, kept.id), 99);
  await assert.rejects(openSpoolFile(test.context, kept.id), hasCode('document-missing'));
});

test('a spool folder that cannot be written refuses with advice', async () => {
  await using test = await openTestContext();
  const context = { ...test.context, settings: { ...test.context.settings, spoolDir: join(test.directory, 'key') } };
  await assert.rejects(keep(context, Buffer.alloc(1), { mediaType: 'x', maxBytes: 1 }), hasCode('spool-unavailable'));
});

test('the sweep removes orphans after a day and nothing else', async () => {
  await using test = await openTestContext();
  const options = { mediaType: 'application/pdf', maxBytes: 100 };
  const [known, orphan, fresh] = [
    await keep(test.context, Buffer.alloc(1), options),
    await keep(test.context, Buffer.alloc(2), options),
    await keep(test.context, Buffer.alloc(3), options),
  ];
  await addSpoolFiles(test.context, [known]);
  const old = new Date(test.clock.now().getTime() - 2 * DAY_MS);
  for (const file of [known, orphan]) await utimes(pathOf(test.context, file.id), old, old);
  assert.equal(await sweepSpool(test.context), 1);
  await stat(pathOf(test.context, known.id));
  await stat(pathOf(test.context, fresh.id));
  await assert.rejects(stat(pathOf(test.context, orphan.id)));
});

test('a clock that leaps ahead makes no file old that is about to get its row', async () => {
  await using test = await openTestContext();
  assert.equal(await sweepSpool(test.context), 0);
  const kept = await keep(test.context, Buffer.alloc(1), { mediaType: 'application/pdf', maxBytes: 100 });
  test.clock.leap(400 * DAY_MS);
  assert.equal(await sweepSpool(test.context), 0);
  await addSpoolFiles(test.context, [kept]);
  test.clock.leap(-400 * DAY_MS);
  assert.equal((await (await openSpoolFile(test.context, kept.id)).toArray()).length, 1);
});

test('chunks that nobody else reads are given back when they are written, but not memory that others share', async () => {
  await using test = await openTestContext();
  const alone = Buffer.from(new ArrayBuffer(5000)).fill('a');
  const shared = Buffer.from(new ArrayBuffer(5000)).fill('b');
  const chunks = [alone, shared.subarray(0, 3000), Buffer.from('small')];
  const whole = Buffer.concat(chunks);
  const options = { mediaType: 'message/rfc822', maxBytes: 10_000 };
  await keep(test.context, Readable.from([...chunks]), options);
  assert.equal(alone.length, 5000, 'without being told so nothing is given back');
  const kept = await keep(test.context, Readable.from([...chunks]), { ...options, usesUpChunks: true });
  assert.equal(alone.length, 0);
  assert.equal(shared.toString(), 'b'.repeat(5000));
  await addSpoolFiles(test.context, [kept]);
  assert.deepEqual(Buffer.concat(await (await openSpoolFile(test.context, kept.id)).toArray()), whole);
});
