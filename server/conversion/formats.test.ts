/** A real file of every kind that Platen promises to print becomes pages that show what it holds. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { openDocuments } from '../../test/harness/converting.ts';
import { readPdfText } from '../../test/harness/pdf.ts';

const { dir, put, toPdf, remove } = openDocuments();
after(remove);

const RED = sharp({ create: { width: 600, height: 300, channels: 3, background: 'red' } });

/** libvips writes no HEVC, so the photo of a telephone is made by the encoder beside the decoder that Platen uses. */
async function makePhoto(): Promise<string> {
  const path = join(dir, 'picture.heic');
  execFileSync('heif-enc', [put('photo.png', await RED.clone().png().toBuffer()), '-o', path], { stdio: 'ignore' });
  return path;
}

const PICTURES = ['jpeg', 'png', 'tiff', 'webp', 'gif', 'avif'] as const;

for (const [format, make] of [
  ...PICTURES.map((format) => {
    const make = async () => put(`picture.${format}`, await RED.clone().toFormat(format).toBuffer());
    return [format, make] as const;
  }),
  ['heic', makePhoto] as const,
]) {
  test(`a picture in ${format} becomes a page that shows it`, async () => {
    const { pages, path } = await toPdf(await make());
    assert.equal(pages, 1);
    const page = execFileSync('pdftoppm', ['-r', '20', '-png', '-singlefile', path]);
    const { width = 0, height = 0 } = await sharp(page).metadata();
    const middle = { left: Math.floor(width / 2), top: Math.floor(height / 2), width: 4, height: 4 };
    const { channels } = await sharp(await sharp(page).extract(middle).toBuffer()).stats();
    const [red = 0, green = 255, blue = 255] = channels.map(({ mean }) => mean);
    assert.ok(red > 230 && green < 25 && blue < 25, `the middle of the page has the color ${red}, ${green}, ${blue}`);
  });
}

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="99"><text x="9" y="50">Dear Anna</text></svg>`;
const given = (path: string) => () => join('test/corpus', path);
const office = (name: string) => given(`documents/good/poi-${name}`);

const LETTER = /Dear Anna\s*\fYours, Bruno/;
const MINUTES = /I am a test document[\s\S]*\fThis is page two/;
const SLIDES = /This is a test title[\s\S]*\f\s*This is the title on page 2/;
const SHEETS = /Test spreadsheet[\s\S]*\fStart of 2nd sheet/;

const DOCUMENTS: readonly (readonly [string, () => string, number, RegExp])[] = [
  ['pdf', given('mime/own/two-pages.pdf'), 2, /Page one of two\s*\fPage two of two/],
  ['txt', () => put('letter.txt', 'Dear Anna\fYours, Bruno'), 2, LETTER],
  ['html', () => put('page.html', '<html><body><h1>Minutes</h1><p>Dear Anna</p></body></html>'), 1, /Dear Anna/],
  ['svg', () => put('drawing.svg', SVG), 1, /Dear Anna/],
  ['rtf', () => put('letter.rtf', '{\\rtf1\\ansi Dear Anna\\page Yours, Bruno}'), 2, LETTER],
  ['doc', office('page-break.doc'), 2, /Line 1\s+Line 2/],
  ['docx', office('SampleDoc.docx'), 2, MINUTES],
  ['odt', given('office/SampleDoc.odt'), 2, MINUTES],
  ['xls', office('testEXCEL_5.xls'), 1, /Numbers and their Squares/],
  ['xlsx', office('SampleSS.xlsx'), 2, SHEETS],
  ['ods', office('SampleSS.ods'), 2, SHEETS],
  ['ppt', office('basic_test_ppt_file.ppt'), 2, SLIDES],
  ['pptx', office('49386-null_dates.pptx'), 1, /Title/],
  ['odp', given('office/basic_test_ppt_file.odp'), 2, SLIDES],
];

for (const [ending, find, pages, words] of DOCUMENTS) {
  test(`a document in ${ending} becomes its pages with its words`, async () => {
    const made = await toPdf(find());
    assert.equal(made.pages, pages);
    assert.match(readPdfText(made.path), words);
  });
}
