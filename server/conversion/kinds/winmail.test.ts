import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { KIT, openDocuments } from '../../../test/harness/converting.ts';
import { packWinmail } from '../../../test/harness/winmail.ts';
import { recognize, unpack } from '../conversion.ts';

const { put, remove } = openDocuments();
after(remove);

test('two documents of one name in a winmail.dat are both given, each with its own content', async () => {
  const scans = ['%PDF-1.4 the first', '%PDF-1.4 the second'];
  const path = put('winmail.dat', packWinmail(scans.map((text) => ['scan.pdf', Buffer.from(text)])));
  const given: string[] = [];
  const use = async ({ content }: { content: AsyncIterable<Buffer> }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk);
    given.push(Buffer.concat(chunks).toString());
  };
  const end = await unpack(KIT, path, use, new AbortController().signal);
  assert.deepEqual(end, { kind: 'unpacked', isWhole: true });
  assert.deepEqual(given.sort(), scans);
});

test('a package is told from the PDF that it begins with', () => {
  assert.equal(recognize(packWinmail([['a.pdf', Buffer.from('%PDF-1.4')]])).kind, 'package');
  const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(40), Buffer.from('%PDF-1.4')]);
  const found = recognize(zip);
  assert.notDeepEqual(found, { kind: 'document', format: 'application/pdf' });
});
