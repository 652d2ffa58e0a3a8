/** Pages as pictures, for printers that take no PDF: PWG Raster (PWG 5102.4) or Apple raster in one file, or a JPEG of each page. */
import type { FileHandle } from 'node:fs/promises';
import { PlatenError } from '../base/errors.ts';
import { findPrograms } from './box/programs.ts';
import { type Converter, openResult } from './converter.ts';
import { type Refusal, refusal } from './reasons.ts';

export type RasterWish = {
  readonly format: 'image/pwg-raster' | 'image/urf' | 'image/jpeg';
  readonly dpi: { readonly x: number; readonly y: number };
  readonly isColor: boolean;
  readonly sides: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge';
  /** How the printer wants the back of a sheet (pwg-raster-document-sheet-back). */
  readonly sheetBack: 'normal' | 'rotated' | 'manual-tumble';
};

// cupsColorSpace of PWG 5102.4 section 4.3.2.4: 18 is sGray, 19 is sRGB.
const SPACES = { gray: 18, color: 19 } as const;

/** So many pages are drawn at a time, so that a document of any length keeps the limits of a box. An even number. */
const MOST_AT_A_TIME = 20;

/** What a file of many pages begins with: the pages that were drawn later go on without it. */
const HEADINGS: Readonly<Partial<Record<RasterWish['format'], { readonly sign: string; readonly bytes: number }>>> = {
  // PWG 5102.4 section 4.1.
  'image/pwg-raster': { sign: 'RaS2', bytes: 4 },
  // A word of eight bytes and the number of pages, which is 0 where it is not told.
  'image/urf': { sign: 'UNIRAST\0', bytes: 12 },
};

export type PageSpan = { readonly from: number; readonly to: number };
export type Drawing = { readonly path: string; readonly span: PageSpan; readonly wish: RasterWish };
/** A page: a picture of its own, or what its file goes on with from this byte on. */
export type DrawnPage = { readonly file: FileHandle; readonly start: number };

/** Draws pages of a prepared document; `use` takes each of them, in order. Throws the code of what went wrong. */
export async function rasterize(
  converter: Converter,
  { path, span, wish }: Drawing,
  use: (page: DrawnPage) => Promise<void>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'rasterized' } | Refusal> {
  const programs = await findPrograms(['ghostscript']);
  if (!programs.has('ghostscript')) return refusal('conversion-unavailable', 'not installed: ghostscript');
  let most = MOST_AT_A_TIME;
  let next = span.from;
  while (next <= span.to) {
    const piece = { from: next, to: Math.min(span.to, next + most - 1) };
    const isBeginning = next === span.from;
    try {
      await drawPiece(converter, { path, span: piece, wish }, (page) => use(afterHeading(page, isBeginning)), signal);
    } catch (error) {
      const fewer = isTooMuch(error) ? fewerThan(piece, wish) : undefined;
      if (fewer === undefined) throw error;
      most = fewer;
      continue;
    }
    next = piece.to + 1;
  }
  return { kind: 'rasterized' };
}

function afterHeading({ file, start }: DrawnPage, isBeginning: boolean): DrawnPage {
  return { file, start: isBeginning ? 0 : start };
}

async function drawPiece(
  converter: Converter,
  { path, span, wish }: Drawing,
  use: (page: DrawnPage) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await converter.runOn(
    'quick',
    { path, ending: 'pdf', work: { script: scriptFor(wish, span) } },
    async (box) => {
      // Ghostscript counts what it has drawn in this run.
      for (let index = 1; index <= span.to - span.from + 1; index += 1) {
        const file = await openResult(box, `made${index}`);
        if (file === undefined) throw new PlatenError('conversion-failed', 'no picture was made of a page');
        try {
          await use({ file, start: await findHeading(file, wish) });
        } finally {
          await file.close();
        }
      }
    },
    signal,
  );
}

/** How many bytes are the beginning of a file of many pages. */
async function findHeading(file: FileHandle, { format }: RasterWish): Promise<number> {
  const heading = HEADINGS[format];
  if (heading === undefined) return 0;
  const { buffer } = await file.read({ buffer: Buffer.alloc(heading.sign.length), position: 0 });
  return buffer.toString('latin1') === heading.sign ? heading.bytes : 0;
}

const isTooMuch = (error: unknown): boolean =>
  error instanceof PlatenError && (error.code === 'conversion-timeout' || error.code === 'conversion-too-large');

/** Half as many pages; front and back of a sheet stay together, so that each piece begins with a front. */
function fewerThan({ from, to }: PageSpan, { sides }: RasterWish): number | undefined {
  const least = sides === 'one-sided' ? 1 : 2;
  const pages = to - from + 1;
  if (pages <= least) return undefined;
  return Math.max(least, Math.floor(pages / 2 / least) * least);
}

const QUIET = '-dSAFER -dBATCH -dNOPAUSE -q -dPDFSTOPONERROR=false';

function scriptFor(wish: RasterWish, { from, to }: PageSpan): string {
  const { before = '', device, options } = wish.format === 'image/jpeg' ? jpegOf(wish) : rasterOf(wish);
  return (
    `${before}/usr/bin/gs ${QUIET} -sDEVICE=${device} -r${wish.dpi.x}x${wish.dpi.y} ${options} ` +
    `-dFirstPage=${from} -dLastPage=${to} -sOutputFile="$OUT/made%d" "$IN"`
  );
}

type Device = { readonly before?: string; readonly device: string; readonly options: string };

function jpegOf({ isColor }: RasterWish): Device {
  const options = '-dJPEGQ=90 -dTextAlphaBits=4 -dGraphicsAlphaBits=4';
  return { device: isColor ? 'jpeg' : 'jpeggray', options };
}

function rasterOf({ format, isColor, sides, sheetBack }: RasterWish): Device {
  const isTumble = sides === 'two-sided-short-edge';
  // PWG 5102.4 section 4.3.2.2: what such a printer turns by itself is turned here beforehand.
  const isTurned =
    (sheetBack === 'rotated' && sides === 'two-sided-long-edge') || (sheetBack === 'manual-tumble' && isTumble);
  const before = isTurned ? 'qpdf --rotate=+180:1-z:even "$IN" /tmp/turned.pdf && IN=/tmp/turned.pdf\n' : '';
  const duplex = sides === 'one-sided' ? '' : `-dDuplex=true -dTumble=${isTumble}`;
  const space = isColor ? SPACES.color : SPACES.gray;
  const options = `-dcupsColorSpace=${space} -dcupsBitsPerColor=8 -dcupsColorOrder=0 ${duplex}`;
  return { before, device: format === 'image/urf' ? 'appleraster' : 'pwgraster', options };
}
