/** Pages as pictures, for printers that take no PDF: PWG Raster (PWG 5102.4) in one file, or a JPEG of each page. */
import type { FileHandle } from 'node:fs/promises';
import { findPrograms } from './box/programs.ts';
import { type Converter, openResult } from './converter.ts';
import { type Refusal, refusal } from './reasons.ts';

export type RasterWish = {
  readonly format: 'image/pwg-raster' | 'image/jpeg';
  readonly dpi: { readonly x: number; readonly y: number };
  readonly isColor: boolean;
  readonly sides: 'one-sided' | 'two-sided-long-edge' | 'two-sided-short-edge';
  /** How the printer wants the back of a sheet (pwg-raster-document-sheet-back). */
  readonly sheetBack: 'normal' | 'rotated' | 'manual-tumble';
};

// cupsColorSpace of PWG 5102.4 section 4.3.2.4: 18 is sGray, 19 is sRGB.
const SPACES = { gray: 18, color: 19 } as const;

/** JPEGs are drawn so many at a time, so that a long document keeps the limits of a box. */
const BATCH = 40;

export type Drawing = { readonly path: string; readonly pages: number; readonly wish: RasterWish };

/** Draws a prepared document; `use` takes each file that was made, in order. Throws the code of what went wrong. */
export async function rasterize<T>(
  converter: Converter,
  drawing: Drawing,
  use: (file: FileHandle) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly kind: 'rasterized'; readonly made: readonly T[] } | Refusal> {
  const programs = await findPrograms(['ghostscript']);
  if (!programs.has('ghostscript')) return refusal('conversion-unavailable', 'not installed: ghostscript');
  const made: T[] = [];
  for (const { script, names } of stepsOf(drawing)) {
    const work = { path: drawing.path, ending: 'pdf', work: { script } };
    const flaw = await converter.runOn(
      'quick',
      work,
      async (box) => {
        for (const name of names) {
          const file = await openResult(box, name);
          if (file === undefined) return refusal('conversion-failed', 'no picture was made of the pages');
          try {
            made.push(await use(file));
          } finally {
            await file.close();
          }
        }
        return undefined;
      },
      signal,
    );
    if (flaw !== undefined) return flaw;
  }
  return { kind: 'rasterized', made };
}

type Step = { readonly script: string; readonly names: readonly string[] };

function* stepsOf({ pages, wish }: Drawing): Generator<Step> {
  if (wish.format === 'image/pwg-raster') return yield { script: pwgScript(wish), names: ['made'] };
  for (let first = 1; first <= pages; first += BATCH) {
    const last = Math.min(pages, first + BATCH - 1);
    // Ghostscript counts what it has drawn in this run.
    const names = Array.from({ length: last - first + 1 }, (_, index) => `made${index + 1}`);
    yield { script: jpegScript(wish, { first, last }), names };
  }
}

const QUIET = '-dSAFER -dBATCH -dNOPAUSE -q -dPDFSTOPONERROR=false';

function jpegScript({ dpi, isColor }: RasterWish, { first, last }: { first: number; last: number }): string {
  const device = isColor ? 'jpeg' : 'jpeggray';
  return (
    `/usr/bin/gs ${QUIET} -sDEVICE=${device} -dJPEGQ=90 -dTextAlphaBits=4 -dGraphicsAlphaBits=4 -r${dpi.x}x${dpi.y} ` +
    `-dFirstPage=${first} -dLastPage=${last} -sOutputFile="$OUT/made%d" "$IN"`
  );
}

function pwgScript({ dpi, isColor, sides, sheetBack }: RasterWish): string {
  const isTumble = sides === 'two-sided-short-edge';
  // PWG 5102.4 section 4.3.2.2: what such a printer turns by itself is turned here beforehand.
  const isTurned =
    (sheetBack === 'rotated' && sides === 'two-sided-long-edge') || (sheetBack === 'manual-tumble' && isTumble);
  const turn = isTurned ? 'qpdf --rotate=+180:1-z:even "$IN" /tmp/turned.pdf && IN=/tmp/turned.pdf\n' : '';
  const duplex = sides === 'one-sided' ? '' : `-dDuplex=true -dTumble=${isTumble}`;
  const space = isColor ? SPACES.color : SPACES.gray;
  return (
    `${turn}/usr/bin/gs ${QUIET} -sDEVICE=pwgraster -r${dpi.x}x${dpi.y} -dcupsColorSpace=${space} -dcupsBitsPerColor=8 ` +
    `-dcupsColorOrder=0 ${duplex} -sOutputFile="$OUT/made" "$IN"`
  );
}
