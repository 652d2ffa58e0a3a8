import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { recognize } from '../conversion.ts';
import { sniffFormat } from './sniff.ts';

const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

/** A ZIP entry without content: the local header with its name. */
function entry(name: string, content = '', flags = 0): Buffer {
  const header = Buffer.alloc(30);
  header.write('PK\x03\x04', 0, 'latin1');
  header.writeUInt16LE(flags, 6);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, ascii(name + content)]);
}

const zip = (...names: string[]): Buffer => Buffer.concat(names.map((name) => entry(name)));
const compound = (...streams: string[]): Buffer =>
  Buffer.concat([
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    Buffer.alloc(504),
    ...streams.map((name) => Buffer.from(`${name}\0`, 'utf16le')),
  ]);
const isoMedia = (...brands: string[]): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(16 + 4 * (brands.length - 1));
  return Buffer.concat([size, ascii(`ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`), Buffer.alloc(16)]);
};

const DOCUMENTS: readonly (readonly [string, Buffer, string])[] = [
  ['a PDF', ascii('%PDF-1.7\n'), 'application/pdf'],
  ['a PDF behind lines of a printer language', ascii('\x1b%-12345X@PJL\n%PDF-1.4\n'), 'application/pdf'],
  ['a JPEG', ascii('\xff\xd8\xff\xe0\0\x10JFIF'), 'image/jpeg'],
  ['a PNG', ascii('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'image/png'],
  ['a TIFF of Intel order', ascii('II*\0\x08\0\0\0'), 'image/tiff'],
  ['a TIFF of Motorola order', ascii('MM\0*\0\0\0\x08'), 'image/tiff'],
  ['a GIF', ascii('GIF89a\x01\0'), 'image/gif'],
  ['a WebP', ascii('RIFF\x10\0\0\0WEBPVP8 '), 'image/webp'],
  ['a photo of a telephone', isoMedia('heic', 'mif1', 'heic'), 'image/heic'],
  ['an AVIF', isoMedia('avif', 'mif1', 'miaf'), 'image/avif'],
  ['an SVG with prolog', ascii('<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="x">'), 'image/svg+xml'],
  ['an HTML page', ascii('\r\n<!DOCTYPE html><html>'), 'text/html; charset=utf-8'],
  ['a text', ascii('Dear Anna,\r\n\r\nthis is it.'), 'text/plain; charset=utf-8'],
  ['a text in UTF-8', Buffer.from('Grüße, 你好, שלום'), 'text/plain; charset=utf-8'],
  ['a text in Latin 1', ascii('Gr\xfc\xdfe'), 'text/plain; charset=windows-1252'],
  ['a text in UTF-16', Buffer.from('\ufeffciao', 'utf16le'), 'text/plain; charset=utf-16le'],
  ['a rich text', ascii('{\\rtf1\\ansi hello}'), 'application/rtf'],
  [
    'a DOCX',
    zip('[Content_Types].xml', '_rels/.rels', 'word/document.xml'),
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
  [
    'an XLSX',
    zip('[Content_Types].xml', 'xl/workbook.xml'),
    'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ],
  [
    'a PPTX',
    zip('[Content_Types].xml', 'ppt/presentation.xml'),
    'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  ],
  ['an ODT', entry('mimetype', 'application/vnd.oasis.opendocument.text'), 'application/vnd.oasis.opendocument.text'],
  [
    'an ODS',
    entry('mimetype', 'application/vnd.oasis.opendocument.spreadsheet'),
    'application/vnd.oasis.opendocument.spreadsheet',
  ],
  [
    'an ODP',
    entry('mimetype', 'application/vnd.oasis.opendocument.presentation'),
    'application/vnd.oasis.opendocument.presentation',
  ],
  ['a DOC', compound('Root Entry', 'WordDocument'), 'application/msword'],
  ['an XLS', compound('Root Entry', 'Workbook'), 'application/vnd.ms-excel'],
  ['a PPT', compound('Root Entry', 'PowerPoint Document'), 'application/vnd.ms-powerpoint'],
  ['a compound file whose directory is at its end', compound(), 'application/x-ole-storage'],
];

const REFUSED: readonly (readonly [string, Buffer, string])[] = [
  ['nothing', Buffer.alloc(0), 'document-empty'],
  ['white space', ascii(' \r\n\t\r\n'), 'document-empty'],
  ['a program of Windows', ascii('MZ\x90\0\x03\0\0\0'), 'document-executable'],
  ['a program of Linux', ascii('\x7fELF\x02\x01\x01\0'), 'document-executable'],
  ['a program in Java', zip('META-INF/MANIFEST.MF', 'Main.class'), 'document-executable'],
  ['a ZIP of documents', zip('report.pdf', 'photo.jpg'), 'document-archive'],
  ['a RAR', ascii('Rar!\x1a\x07\x01\0'), 'document-archive'],
  ['a gzip', ascii('\x1f\x8b\x08\0\0\0'), 'document-archive'],
  ['a locked ZIP', entry('report.pdf', '', 1), 'document-encrypted'],
  ['an office document with a password', compound('Root Entry', 'EncryptedPackage'), 'document-encrypted'],
  ['a message of Outlook', compound('Root Entry', '__properties_version1.0'), 'document-unsupported'],
  ['PostScript', ascii('%!PS-Adobe-3.0\n'), 'document-unsupported'],
  ['a printer language', ascii('\x1b%-12345X@PJL ENTER LANGUAGE=PCL\n'), 'document-unsupported'],
  ['a film', isoMedia('isom', 'mp42'), 'document-unsupported'],
  ['bytes of no known kind', Buffer.from([1, 2, 3, 4, 0, 0, 5]), 'document-unsupported'],
];

for (const [what, bytes, format] of DOCUMENTS) {
  test(`${what} is known by its bytes`, () => {
    const name = 'invoice.exe';
    assert.deepEqual(recognize(bytes, { name, declaredType: 'application/octet-stream' }), {
      kind: 'document',
      format,
    });
  });
}

for (const [what, bytes, reason] of REFUSED) {
  test(`${what} is refused, whatever its name says`, () => {
    assert.deepEqual(recognize(bytes, { name: 'invoice.pdf', declaredType: 'application/pdf' }), {
      kind: 'refused',
      reason,
    });
  });
}

test('a winmail.dat is a package, not a document', () => {
  assert.deepEqual(sniffFormat(Buffer.from('789f3e22010000', 'hex')), {
    kind: 'package',
    format: 'application/ms-tnef',
  });
});

test('a declared character set counts where the bytes leave it open, and an unknown one does not', () => {
  const sjis = Buffer.from('93fa967b8cea', 'hex');
  const charsetOf = (declaredType: string, bytes: Buffer = sjis) => {
    const found = sniffFormat(bytes, { declaredType });
    return found.kind === 'document' ? found.charset : found.kind;
  };
  assert.equal(charsetOf('text/plain; charset=Shift_JIS'), 'shift_jis');
  assert.equal(charsetOf('text/plain; charset=x-nobody-knows'), 'windows-1252');
  assert.equal(charsetOf('text/plain; charset=Shift_JIS', Buffer.from('Grüße')), 'utf-8');
  assert.equal(charsetOf('text/plain; charset=iso-2022-jp', ascii('\x1b$B$3$s\x1b(B')), 'iso-2022-jp');
});

test('a text that is declared as a page is a page when it holds an element', () => {
  const declaredType = 'text/html';
  assert.equal(recognize(ascii('Hello <b>Anna</b>'), { declaredType }).kind, 'document');
  assert.deepEqual(recognize(ascii('Hello <b>Anna</b>'), { declaredType }), {
    kind: 'document',
    format: 'text/html; charset=utf-8',
  });
  assert.deepEqual(recognize(ascii('1 < 2'), { declaredType }), {
    kind: 'document',
    format: 'text/plain; charset=utf-8',
  });
});

test('any prefix of a document gets an answer, and never an error', async () => {
  const pdf = await readFile('test/corpus/mime/own/two-pages.pdf');
  for (const [, bytes] of [...DOCUMENTS, ...REFUSED, ['', pdf.subarray(0, 3000), ''] as const]) {
    for (let length = 0; length <= bytes.length; length += 1) {
      assert.ok(['document', 'package', 'refused'].includes(sniffFormat(bytes.subarray(0, length)).kind));
    }
  }
});
