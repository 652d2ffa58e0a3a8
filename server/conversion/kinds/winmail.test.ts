import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { packWinmail } from '../../../test/harness/winmail.ts';
import { systemClock } from '../../base/clock.ts';
import { openLog } from '../../base/log.ts';
import type { Settings } from '../../base/settings.ts';
import { type Kit, recognize, unpack } from '../conversion.ts';

const dir = mkdtempSync(join(tmpdir(), 'platen-winmail-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const kit: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };

test('two documents of one name in a winmail.dat are both given, each with its own content', async () => {
  const path = join(dir, 'winmail.dat');
  const scans = ['%PDF-1.4 the first', '%PDF-1.4 the second'];
  writeFileSync(path, packWinmail(scans.map((text) => ['scan.pdf', Buffer.from(text)])));
  const given: string[] = [];
  const use = async ({ content }: { content: AsyncIterable<Buffer> }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    given.push(Buffer.concat(chunks).toString());
  };
  const end = await unpack(kit, path, use, new AbortController().signal);
  assert.deepEqual(end, { kind: 'unpacked', isWhole: true });
  assert.deepEqual(given.sort(), scans);
});

test('a package is told from the PDF that it begins with', () => {
  assert.equal(recognize(packWinmail([['a.pdf', Buffer.from('%PDF-1.4')]])).kind, 'package');
  const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(40), Buffer.from('%PDF-1.4')]);
  const found = recognize(zip);
  assert.notDeepEqual(found, { kind: 'document', format: 'application/pdf' });
});
