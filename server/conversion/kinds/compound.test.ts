import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { chooseSeed, startDice } from '../../../test/harness/dice.ts';
import { systemClock } from '../../base/clock.ts';
import { openLog } from '../../base/log.ts';
import type { Settings } from '../../base/settings.ts';
import { convert, type Kit } from '../conversion.ts';
import { needsPassword } from './compound.ts';

const CORPUS = 'test/corpus/documents';
const LOCKED = [
  'poi-PasswordProtected.doc',
  'poi-password_tika_binaryrc4.doc',
  'poi-password.xls',
  'poi-Password_Protected-hello.ppt',
  'poi-bug53475-password-is-pass.docx',
  'poi-protected_passtika.xlsx',
].map((name) => join(CORPUS, 'bad', name));

const dir = mkdtempSync(join(tmpdir(), 'platen-compound-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('old office documents with a password are told from those without one', async () => {
  for (const path of LOCKED) assert.equal(await needsPassword(path), true, path);
  const open = readdirSync(join(CORPUS, 'good')).map((name) => join(CORPUS, 'good', name));
  for (const path of open) assert.equal(await needsPassword(path), false, path);
});

test('documents with a password are refused as such, and not as damaged', async () => {
  const kit: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };
  // One of each way: by its bytes before any program opens it, and after one could not.
  for (const path of [LOCKED[1], LOCKED[2], LOCKED[4]].filter((path) => path !== undefined)) {
    const result = await convert(kit, { path, format: 'application/octet-stream' }, new AbortController().signal);
    assert.equal(result.kind === 'refused' ? result.reason : result.kind, 'document-encrypted', path);
  }
});

test('chains that go round, and places outside of the file, come to an end', async () => {
  const dice = startDice(chooseSeed());
  const sources = LOCKED.map((path) => readFileSync(path));
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(sources[round % sources.length] ?? '');
    // The header, the tables and the directory are what is followed.
    for (let change = 0; change < 8; change += 1) {
      bytes.writeUInt32LE(dice.upTo(2) === 0 ? dice.upTo(300) : 0xfffffff0 + dice.upTo(16), 28 + dice.upTo(480));
      bytes.writeUInt32LE(dice.upTo(300), dice.upTo(bytes.length - 4));
    }
    const path = join(dir, 'changed');
    writeFileSync(path, bytes.subarray(0, dice.upTo(bytes.length)));
    assert.ok([true, false].includes(await needsPassword(path)));
  }
});
