/** Small documents that become huge when they are opened: each ends within its limits, and the server hardly notices. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { systemClock } from '../../server/base/clock.ts';
import { openLog } from '../../server/base/log.ts';
import type { Settings } from '../../server/base/settings.ts';
import { convert, type Kit } from '../../server/conversion/conversion.ts';
import { formsInForms, pagesInCircles } from '../harness/hostile-documents.ts';

const directory = mkdtempSync(join(tmpdir(), 'platen-bombs-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const kit: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };
const MIB = 1024 * 1024;
const MOST_GROWTH_BYTES = 200 * MIB;

const IN_LIMITS = [
  'converted',
  'document-corrupt',
  'document-too-complex',
  'conversion-timeout',
  'conversion-too-large',
  'conversion-failed',
];

const BOMBS: readonly (readonly [name: string, make: () => Buffer, reasons: readonly string[]])[] = [
  ['a picture of 40,000 x 40,000 pixels in a few kilobytes', () => png(40_000, 40_000), ['document-too-complex']],
  [
    'an AVIF of 17,000 x 17,000 pixels',
    () => readFileSync(new URL('../corpus/documents/bad/vips-17000x17000.avif', import.meta.url)),
    ['document-too-complex'],
  ],
  [
    'a drawing whose entities grow a billion times',
    () => billionLaughs(),
    // The program does not follow them, and draws what is left.
    ['converted', 'document-corrupt', 'conversion-timeout', 'conversion-failed'],
  ],
  ['a PDF that draws a form in a form, a billion times', () => formsInForms(30), IN_LIMITS],
  ['a PDF whose pages are their own branches', () => pagesInCircles(), IN_LIMITS],
  [
    'a PDF of 100,000 pages that are one',
    () => manyPages(100_000),
    ['too-many-pages', 'conversion-timeout', 'conversion-too-large', 'conversion-failed'],
  ],
];

for (const [name, make, reasons] of BOMBS) {
  test(`${name} ends within its limits, and the memory of the server does not move`, async () => {
    const path = join(directory, 'bomb');
    writeFileSync(path, make());
    const before = process.memoryUsage().rss;
    let peak = before;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const result = await convert(kit, { path, format: 'application/octet-stream' }, new AbortController().signal);
    clearInterval(timer);
    if (result.kind === 'converted') await result[Symbol.asyncDispose]();
    const reason = result.kind === 'converted' ? result.kind : result.reason;
    assert.ok(reasons.includes(reason), reason);
    assert.ok(peak - before < MOST_GROWTH_BYTES, `${Math.round((peak - before) / MIB)} MiB more`);
  });
}

/** Pixels of one color: the whole picture is one long run. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, check]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([1, 0, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const pixels = deflateSync(Buffer.alloc(MIB), { level: 9 });
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function billionLaughs(): Buffer {
  const entities = Array.from({ length: 9 }, (_, at) => `<!ENTITY l${at + 1} "${`&l${at};`.repeat(10)}">`).join('');
  return Buffer.from(
    `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "lol">${entities}]>` +
      '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><text y="20">&l9;</text></svg>',
  );
}

function manyPages(count: number): Buffer {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    `<</Type/Pages/Count ${count}/Kids[${'3 0 R '.repeat(count)}]>>`,
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>',
  ];
  const text = objects.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join('');
  return Buffer.from(`%PDF-1.4\n${text}trailer\n<</Size 4/Root 1 0 R>>\n%%EOF\n`);
}
