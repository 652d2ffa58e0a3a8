import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openTestContext } from '../../../test/harness/database.ts';
import { listStoredFiles, pathOf } from '../../spool/spool.ts';
import { joinPages, keepPages } from './drawn-pages.ts';

const dir = mkdtempSync(join(tmpdir(), 'platen-drawn-pages-'));
after(() => rmSync(dir, { recursive: true, force: true }));

async function withPage<T>(bytes: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const path = join(dir, 'page');
  writeFileSync(path, Buffer.alloc(bytes, 'page'));
  await using file = await open(path, 'r');
  return await use(file);
}

test('pages are joined in one file, each from where it goes on', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const keeping = joinPages(context, 'image/pwg-raster', 1_000_000);
  // More of them than a stream may be listened to by, and larger than what it holds.
  for (let page = 0; page < 12; page += 1) {
    await withPage(80_000, (file) => keeping.add({ file, start: page === 0 ? 0 : 4 }));
  }
  assert.equal(keeping.count(), 12);
  const [joined, ...more] = await keeping.finish();
  assert.ok(joined !== undefined && more.length === 0);
  assert.equal(joined.bytes, 12 * 80_000 - 11 * 4);
  assert.ok((await readFile(pathOf(context, joined.id))).equals(Buffer.alloc(joined.bytes, 'page')));
});

test('pages that are together larger than they may be are refused, and nothing of them is left', async () => {
  await using platen = await openTestContext();
  const { context } = platen;
  const joining = joinPages(context, 'image/pwg-raster', 300_000);
  const addTwo = async () => {
    for (let page = 0; page < 2; page += 1) await withPage(200_000, (file) => joining.add({ file, start: 0 }));
  };
  const closing = addTwo().then(() => joining.finish());
  await assert.rejects(closing, { code: 'document-too-large' });
  await joining.drop();
  const keeping = keepPages(context, 'image/jpeg', { maxBytes: 100_000 });
  await withPage(90_000, (file) => keeping.add({ file, start: 0 }));
  await assert.rejects(
    withPage(110_000, (file) => keeping.add({ file, start: 0 })),
    { code: 'document-too-large' },
  );
  await keeping.drop();
  const unneeded = joinPages(context, 'image/pwg-raster');
  await withPage(90_000, (file) => unneeded.add({ file, start: 0 }));
  await unneeded.drop();
  assert.deepEqual(await listStoredFiles(context), []);
});
