import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { readPdfText } from '../../test/harness/pdf.ts';
import { systemClock } from '../base/clock.ts';
import { openLog } from '../base/log.ts';
import type { Settings } from '../base/settings.ts';
import { packZip } from './box/canary-documents.ts';
import { convert, type Kit, look, preview } from './conversion.ts';

const dir = mkdtempSync(join(tmpdir(), 'platen-conversion-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const kit: Kit = { clock: systemClock, log: openLog('silent'), settings: {} as Settings };
const never = new AbortController().signal;

function put(name: string, content: string | Buffer): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

type Outcome = { readonly pages: number; readonly media: string; readonly pdf: Buffer; readonly path: string };

async function toPdf(path: string, format = 'application/octet-stream'): Promise<Outcome> {
  const result = await convert(kit, { path, format }, never);
  if (result.kind === 'refused') assert.fail(`${path}: ${result.reason}, ${result.detail}`);
  await using converted = result;
  const pdf = await converted.file.readFile();
  return { pages: converted.pages, media: converted.media, pdf, path: put(`${path.split('/').at(-1)}.pdf`, pdf) };
}

async function reasonFor(path: string, format = 'application/octet-stream'): Promise<string> {
  const result = await convert(kit, { path, format }, never);
  if (result.kind === 'refused') return result.reason;
  await result[Symbol.asyncDispose]();
  return 'converted';
}

/** A PDF of one page with whatever else an object may carry. */
function pdfWith(catalog: string, page = '', objects: readonly string[] = []): Buffer {
  const content = 'BT /F1 24 Tf 72 700 Td (Kept text) Tj ET';
  const all = [
    `<</Type/Catalog/Pages 2 0 R ${catalog}>>`,
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>> ${page}>>`,
    `<</Length ${content.length}>>\nstream\n${content}\nendstream`,
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
    ...objects,
  ];
  const text = all.map((object, at) => `${at + 1} 0 obj\n${object}\nendobj\n`).join('');
  return Buffer.from(`%PDF-1.4\n${text}trailer\n<</Size ${all.length + 1}/Root 1 0 R>>\n%%EOF\n`);
}

const ACTIVE = /\/(JavaScript|JS|Launch|OpenAction|AA|EmbeddedFiles?)\b|@PJL/;

for (const [what, bytes] of [
  ['a script that runs when it opens', pdfWith('/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>')],
  ['a script under a name written in another way', pdfWith('', '/A#41<</O<</S/Java#53cript/J#53(x)>>>>')],
  [
    'a link that starts a program',
    pdfWith('', '/Annots[6 0 R]', ['<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(calc.exe)>>>>']),
  ],
  [
    'an attachment',
    pdfWith('/Names<</EmbeddedFiles<</Names[(a)6 0 R]>>>>', '', ['<</Type/Filespec/F(a)/EF<</F 4 0 R>>>>']),
  ],
  [
    'printer commands before its beginning',
    Buffer.concat([Buffer.from('\x1b%-12345X@PJL SET COPIES=99\r\n'), pdfWith('')]),
  ],
] as const) {
  test(`a PDF with ${what} comes out with its page alone`, async () => {
    const { pages, pdf, path } = await toPdf(put('active.pdf', bytes));
    assert.equal(pages, 1);
    assert.match(readPdfText(path), /Kept text/);
    const plain = execFileSync('qpdf', ['--qdf', '--object-streams=disable', '--no-warn', path, '-']);
    assert.doesNotMatch(plain.toString('latin1'), ACTIVE);
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
  });
}

test('a PDF with a password is refused, one that merely forbids things prints', async () => {
  const plain = 'test/corpus/mime/own/two-pages.pdf';
  const locked = join(dir, 'locked.pdf');
  const forbidding = join(dir, 'forbidding.pdf');
  execFileSync('qpdf', ['--encrypt', 'secret', 'owner', '256', '--', plain, locked], { stdio: 'ignore' });
  execFileSync('qpdf', ['--encrypt', '', 'owner', '256', '--modify=none', '--', plain, forbidding], {
    stdio: 'ignore',
  });
  assert.equal(await reasonFor(locked), 'document-encrypted');
  assert.equal((await toPdf(forbidding)).pages, 2);
});

test('a PDF that is locked for the holders of a certificate is refused as locked', async () => {
  const locked = pdfWith('', '', ['<</Filter/Adobe.PubSec/SubFilter/adbe.pkcs7.s4/V 2/Length 128/Recipients[<00>]>>']);
  const bytes = locked.toString('latin1').replace('/Root 1 0 R>>', '/Root 1 0 R/Encrypt 6 0 R/ID[<00><00>]>>');
  assert.equal(await reasonFor(put('certificate.pdf', Buffer.from(bytes, 'latin1'))), 'document-encrypted');
});

test('a PDF that is cut off is mended or refused, and rubbish is refused', async () => {
  const whole = await readFile('test/corpus/mime/own/two-pages.pdf');
  assert.ok(['converted', 'document-corrupt'].includes(await reasonFor(put('cut.pdf', whole.subarray(0, 1200)))));
  assert.equal(await reasonFor(put('rubbish.pdf', `%PDF-1.7\n${'x'.repeat(5000)}`)), 'document-corrupt');
});

test('500 pages are converted and 501 are too many', async () => {
  const pagesOf = (count: number): Buffer => {
    const kids = Array.from({ length: count }, () => '3 0 R').join(' ');
    return Buffer.from(pdfWith('').toString().replace('/Kids[3 0 R]/Count 1', `/Kids[${kids}]/Count ${count}`));
  };
  assert.equal((await toPdf(put('500.pdf', pagesOf(500)))).pages, 500);
  assert.equal(await reasonFor(put('501.pdf', pagesOf(501))), 'too-many-pages');
});

test('a page larger than any paper is refused', async () => {
  const giant = pdfWith('').toString().replace('[0 0 595 842]', '[0 0 99999999 99999999]');
  assert.equal(await reasonFor(put('giant.pdf', giant)), 'document-too-complex');
});

test('a photo is turned the way its camera was held', async () => {
  const photo = sharp({ create: { width: 60, height: 20, channels: 3, background: 'white' } }).jpeg();
  const upright = await toPdf(put('photo.jpg', await photo.withMetadata({ orientation: 6 }).toBuffer()));
  assert.match(upright.pdf.toString('latin1'), /\/MediaBox \[ 0 0 595\.28 841\.89 \]/);
});

test('a fax of three pages becomes three pages', async () => {
  const sheets = await Promise.all(
    [1, 2, 3].map((at) =>
      sharp({ create: { width: 200, height: 280, channels: 3, background: { r: 80 * at, g: 80 * at, b: 80 * at } } })
        .png()
        .toBuffer(),
    ),
  );
  const fax = await sharp(sheets, { join: { animated: true } })
    .tiff({ compression: 'lzw' })
    .toBuffer();
  const { pages, path } = await toPdf(put('fax.tiff', fax));
  assert.equal(pages, 3);
  assert.deepEqual(await look(kit, path, drain, never), { isColor: false });
});

test('a picture whose header promises too many pixels is refused before it is decoded', async () => {
  const { redPicture } = await import('./box/canary-documents.ts');
  const { crc32 } = await import('node:zlib');
  const bomb = Buffer.from(redPicture());
  bomb.writeUInt32BE(17_000, 16);
  bomb.writeUInt32BE(17_000, 20);
  bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
  assert.equal(await reasonFor(put('bomb.png', bomb)), 'document-too-complex');
});

/** A word in each script, with letters that look different from each other, and how its font is called. */
const SCRIPTS = [
  ['Latin', 'Grüße', /Noto-Sans|DejaVu/],
  ['Greek', 'Ελληνικά', /Noto-Sans|DejaVu/],
  ['Cyrillic', 'Привет', /Noto-Sans|DejaVu/],
  ['Hebrew', 'עברית', /Hebrew|DejaVu/],
  ['Arabic', 'العربية', /Arabic|DejaVu/],
  ['Devanagari', 'देवनागरी', /Devanagari/],
  ['Thai', 'ภาษาไทย', /Thai/],
  ['Chinese', '汉语漢語', /Droid-Sans-Fallback/],
  ['Japanese', 'ひらがなカタカナ漢字', /Droid-Sans-Fallback/],
  ['Korean', '한국어', /Nanum/],
] as const;

const letters = (word: string): string[] => [...new Set(word)];
// Whatever is drawn for a letter without a font is drawn for the last one, which is unassigned.
const sheets = [...SCRIPTS.flatMap(([, word]) => [word, ...letters(word)]), '\u0378'];
const pageOf = (bodies: readonly string[]): string =>
  `<html><head><style>p { break-after: page }</style></head><body><p>${bodies.join('</p><p>')}</p></body></html>`;

for (const [kind, content] of [
  ['text/plain', sheets.join('\f')],
  ['text/html', pageOf(sheets)],
] as const) {
  test(`a document of ${kind} in many scripts shows each of their letters`, async () => {
    const { pages, path } = await toPdf(put(`scripts.${kind.slice(5)}`, content), `${kind}; charset=utf-8`);
    assert.equal(pages, sheets.length);
    const fonts = execFileSync('pdffonts', [path], { encoding: 'utf8' }).trim().split('\n').slice(2);
    assert.deepEqual(
      fonts.filter((font) => !/ yes yes yes +\d+ +0$/.test(font)),
      [],
      'each is embedded, with its letters',
    );
    const words = readPdfText(path).split('\f');
    const pictures = drawTops(path);
    const nothing = pictures.at(-1);
    for (const [script, word, font] of SCRIPTS) {
      const at = sheets.indexOf(word);
      // What a reader of PDF copies is in the order of the page where a script runs from right to left.
      if (!/[\u0590-\u06ff]/.test(word)) assert.equal(words[at]?.replace(/\s/g, ''), word);
      assert.ok(
        fonts.some((each) => font.test(each)),
        `${script}: ${fonts.join()}`,
      );
      const drawn = pictures.slice(at, at + 1 + letters(word).length);
      assert.equal(new Set([nothing, ...drawn]).size, drawn.length + 1, `${script}: a letter is not drawn`);
    }
  });
}

/** The upper part of each page as a picture. */
function drawTops(path: string): string[] {
  const to = mkdtempSync(join(dir, 'drawn-'));
  const top = '-r 72 -gray -x 0 -y 0 -W 595 -H 99'.split(' ');
  execFileSync('pdftoppm', [...top, path, join(to, 'page')]);
  return readdirSync(to)
    .sort()
    .map((name) => readFileSync(join(to, name), 'base64'));
}

test('a text is read in the character set that its sender declares', async () => {
  const latin = await toPdf(put('latin.txt', Buffer.from('caff\xe8', 'latin1')), 'text/plain; charset=windows-1252');
  assert.match(readPdfText(latin.path), /caffè/);
});

test('a drawing and a page are drawn, and fetch nothing', async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><rect width="99" height="99" fill="blue"/></svg>';
  const drawing = await toPdf(put('drawing.svg', svg));
  assert.deepEqual(await look(kit, drawing.path, drain, never), { isColor: true });
  const page = await toPdf(put('page.html', '<html><body><p>Dear Anna</p><img src="logo.png"></body></html>'));
  assert.match(readPdfText(page.path), /Dear Anna/);
});

test('a package that unpacks to far more than it is, is refused before anything opens it', async () => {
  const zeros = join(dir, 'bomb.docx');
  const script = `import zipfile
z = zipfile.ZipFile(${JSON.stringify(zeros)}, 'w', zipfile.ZIP_DEFLATED)
z.writestr('[Content_Types].xml', 'x')
z.writestr('word/document.xml', b'0' * 30_000_000)
z.close()`;
  execFileSync('/usr/bin/python3', ['-c', script]);
  assert.equal(await reasonFor(zeros), 'document-too-complex');
  const many = packZip([
    ['word/document.xml', 'x'],
    ...Array.from({ length: 10_000 }, (_, at) => [`word/${at}`, ''] as const),
  ]);
  assert.equal(await reasonFor(put('many.docx', many)), 'document-too-complex');
});

test('a package that says it holds more than 500 MB is refused, also when it is no hundredth of that', async () => {
  const large = packZip([
    ['word/document.xml', 'x'],
    ['padding', randomBytes(6_000_000)],
  ]);
  // The size before packing, in the directory (APPNOTE.TXT 4.3.12).
  large.writeUInt32LE(501 * 1024 * 1024, large.indexOf('PK\x01\x02', 0, 'latin1') + 24);
  assert.equal(await reasonFor(put('large.docx', large)), 'document-too-complex');
});

test('any page of a converted document can be seen', async () => {
  const { path } = await toPdf('test/corpus/mime/own/two-pages.pdf');
  let size = 0;
  await preview(
    kit,
    { path, page: 2 },
    async (picture) => {
      for await (const chunk of picture) size += (chunk as Buffer).length;
    },
    never,
  );
  assert.ok(size > 500, `the picture has ${size} bytes`);
});

async function drain(picture: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of picture);
}
