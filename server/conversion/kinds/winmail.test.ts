import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { KIT, openDocuments } from '../../../test/harness/converting.ts';
import { packLongNames, packWinmail } from '../../../test/harness/winmail.ts';
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

test('an attachment whose name no file can have is given under a shortened one, with its ending', async () => {
  const names = ['short.pdf', `${'n'.repeat(300)}.pdf`, `${'ü<'.repeat(200)}.docx`, 'x'.repeat(400)];
  const packed = names.map((name, at) => [name, Buffer.from(`%PDF-1.4 number ${at}`)] as const);
  for (const pack of [packWinmail, packLongNames]) {
    const path = put('winmail.dat', pack(packed));
    const given: [string, string][] = [];
    const use = async ({ name, content }: { name: string; content: AsyncIterable<Buffer> }) => {
      const chunks: Buffer[] = [];
      for await (const chunk of content) chunks.push(chunk);
      given.push([name, Buffer.concat(chunks).toString()]);
    };
    const end = await unpack(KIT, path, use, new AbortController().signal);
    assert.deepEqual(end, { kind: 'unpacked', isWhole: true });
    const nameOf = (at: number) => given.find(([, content]) => content.endsWith(`number ${at}`))?.[0] ?? '';
    assert.equal(given.length, names.length);
    assert.equal(nameOf(0), 'short.pdf');
    assert.match(nameOf(1), /^n{150,200}\.pdf$/);
    assert.match(nameOf(2), /^(ü%3C){20,}ü?\.docx$/);
    assert.match(nameOf(3), /^x{150,200}$/);
  }
});

test('a damaged package is refused, whatever its names are', async () => {
  const whole = packWinmail([[`${'n'.repeat(300)}.pdf`, Buffer.alloc(2_000, 'x')]]);
  const use = () => assert.fail('nothing is given');
  for (const bytes of [whole.subarray(0, 700), packWinmail([['a.pdf', Buffer.alloc(900)]]).subarray(0, 500)]) {
    const unpacking = unpack(KIT, put('damaged.dat', bytes), use, new AbortController().signal);
    await assert.rejects(unpacking, { code: 'document-corrupt' });
  }
});

test('a package is told from the PDF that it begins with', () => {
  assert.equal(recognize(packWinmail([['a.pdf', Buffer.from('%PDF-1.4')]])).kind, 'package');
  const zip = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(40), Buffer.from('%PDF-1.4')]);
  const found = recognize(zip);
  assert.notDeepEqual(found, { kind: 'document', format: 'application/pdf' });
});
