import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import PDFDocument from 'pdfkit';
import sharp from 'sharp';
import { readAppleRaster } from '../../test/harness/raster.ts';
import { systemClock } from '../base/clock.ts';
import { PlatenError } from '../base/errors.ts';
import { openLog } from '../base/log.ts';
import { Converter } from './converter.ts';
import { conversionLimits } from './limits.ts';
import { type RasterWish, rasterize } from './raster.ts';

const dir = mkdtempSync(join(tmpdir(), 'platen-raster-test-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const converter = new Converter({ clock: systemClock, log: openLog('silent') });
const never = new AbortController().signal;

async function put(pages: number, draw: (document: InstanceType<typeof PDFDocument>, page: number) => void) {
  const document = new PDFDocument({ size: 'A4', autoFirstPage: false });
  for (let page = 1; page <= pages; page += 1) draw(document.addPage(), page);
  document.end();
  const path = join(dir, `${pages}.pdf`);
  writeFileSync(path, await buffer(document));
  return path;
}

const numbered = (pages: number) =>
  put(pages, (document, page) => {
    document.fontSize(80).text(`${page}`);
  });

async function draw(path: string, pages: number, wish: RasterWish, by: Converter = converter): Promise<Buffer[]> {
  const drawn: Buffer[] = [];
  const done = await rasterize(
    by,
    { path, span: { from: 1, to: pages }, wish },
    async ({ file, start }) => {
      drawn.push(await buffer(file.createReadStream({ autoClose: false, start })));
    },
    never,
  );
  assert.equal(done.kind, 'rasterized');
  return drawn;
}

const PWG = {
  ...({ format: 'image/pwg-raster', dpi: { x: 100, y: 100 }, isColor: false } as const),
  ...({ sides: 'two-sided-short-edge', sheetBack: 'normal' } as const),
} satisfies RasterWish;

/** The same by one run of Ghostscript. */
function drawAtOnce(path: string, device = 'pwgraster', space = 18): Buffer {
  const words = '-dSAFER -dBATCH -dNOPAUSE -q -r100 -dcupsBitsPerColor=8';
  const out = join(dir, 'whole');
  const options = [
    ...words.split(' '),
    `-sDEVICE=${device}`,
    `-dcupsColorSpace=${space}`,
    '-dcupsColorOrder=0',
    '-dDuplex=true',
    '-dTumble=true',
  ];
  execFileSync('gs', [...options, `-sOutputFile=${out}`, path], { stdio: 'ignore' });
  return readFileSync(out);
}

/** One whose box has too little time for more than so many pages. */
function slow(most: number): Converter {
  const pieces: number[] = [];
  const runOn: Converter['runOn'] = async (lane, input, use, signal) => {
    const [, from, to] = /-dFirstPage=(\d+) -dLastPage=(\d+)/.exec(input.work.script) ?? [];
    const pages = Number(to) - Number(from) + 1;
    pieces.push(pages);
    if (pages > most) throw new PlatenError('conversion-timeout', 'it took longer than a document may');
    return await converter.runOn(lane, input, use, signal);
  };
  return Object.assign(Object.create(converter), { runOn, pieces });
}

test('a long document is drawn in pieces, and its file is the same as if it had been drawn at once', async () => {
  const path = await numbered(45);
  const whole = drawAtOnce(path);
  const drawn = await draw(path, 45, PWG);
  assert.equal(drawn.length, 45);
  assert.ok(Buffer.concat(drawn).equals(whole));
});

test('Apple raster is drawn in pieces too, and has its heading once', async () => {
  const path = await numbered(23);
  const drawn = await draw(path, 23, { ...PWG, format: 'image/urf', isColor: true });
  const whole = drawAtOnce(path, 'appleraster', 19);
  assert.ok(Buffer.concat(drawn).equals(whole));
  const { pages, first } = readAppleRaster(whole);
  assert.deepEqual([pages, first], [23, { bits: 24, space: 1, sides: 2, width: 827, height: 1_169, dpi: 100 }]);
});

test('pieces that take too long become smaller, and begin with the front of a sheet', async () => {
  const path = await numbered(14);
  const converter = slow(3);
  const drawn = await draw(path, 14, PWG, converter);
  assert.ok(Buffer.concat(drawn).equals(drawAtOnce(path)));
  const { pieces } = converter as Converter & { pieces: number[] };
  assert.deepEqual(pieces, [14, 6, 2, 2, 2, 2, 2, 2, 2]);
  await assert.rejects(draw(path, 14, PWG, slow(1)), { code: 'conversion-timeout' });
  assert.equal((await draw(path, 3, { ...PWG, sides: 'one-sided' }, slow(1))).length, 3);
});

test('pages of photographs may together be larger than one file of a box', async () => {
  const [width, height] = [2_480, 3_508];
  const dots = randomBytes(width * height * 3);
  const noise = await sharp(dots, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
  const path = await put(9, (document) => {
    document.image(noise, 0, 0, { width: 595, height: 842 });
  });
  let bytes = 0;
  const wish = { ...PWG, dpi: { x: 300, y: 300 }, isColor: true, sides: 'one-sided' } as const;
  await rasterize(
    converter,
    { path, span: { from: 1, to: 9 }, wish },
    async ({ file }) => {
      bytes += (await file.stat()).size;
    },
    never,
  );
  assert.ok(bytes > conversionLimits.outputBytes, `${bytes}`);
});
