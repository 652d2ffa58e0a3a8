/** Pages as pictures, for printers that take no PDF: PWG Raster (PWG 5102.4), or JPEG for a single page. */
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

/** Draws a prepared document; `use` takes what was made. Throws the code of what went wrong. */
export async function rasterize<T>(
  converter: Converter,
  { path, pages, wish }: { readonly path: string; readonly pages: number; readonly wish: RasterWish },
  use: (file: FileHandle) => Promise<T>,
  signal: AbortSignal,
): Promise<T | Refusal> {
  const programs = await findPrograms(['ghostscript']);
  if (!programs.has('ghostscript')) return refusal('conversion-unavailable', 'not installed: ghostscript');
  if (wish.format === 'image/jpeg' && pages !== 1) {
    return refusal('document-unsupported', 'this printer takes pictures of single pages alone');
  }
  const script = wish.format === 'image/jpeg' ? jpegScript(wish) : pwgScript(wish);
  return await converter.runOn(
    'quick',
    { path, ending: 'pdf', work: { script } },
    async (box) => {
      const file = await openResult(box, 'made');
      if (file === undefined) return refusal('conversion-failed', 'no picture was made of the pages');
      try {
        return await use(file);
      } finally {
        await file.close();
      }
    },
    signal,
  );
}

const QUIET = '-dSAFER -dBATCH -dNOPAUSE -q -dPDFSTOPONERROR=false';

function jpegScript({ dpi, isColor }: RasterWish): string {
  const device = isColor ? 'jpeg' : 'jpeggray';
  return `/usr/bin/gs ${QUIET} -sDEVICE=${device} -dJPEGQ=90 -dTextAlphaBits=4 -r${dpi.x}x${dpi.y} -sOutputFile="$OUT/made" "$IN"`;
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
