/** How pages must be drawn for a printer that takes no PDF, from what it says of itself. */
import type { PrinterCapabilities } from './printer.ts';

export type PageDrawing = {
  readonly format: 'image/pwg-raster' | 'image/jpeg';
  readonly dpi: { readonly x: number; readonly y: number };
  readonly isColor: boolean;
  /** `flipped` cannot be drawn: such a printer prints one side. */
  readonly sheetBack: 'normal' | 'rotated' | 'manual-tumble' | 'flipped';
};

// More is slower to send than it is better to read; less is what old printers offer.
const WANTED_DPI = 300;

export function findDrawing(capabilities: PrinterCapabilities): PageDrawing | undefined {
  const { formats, raster } = capabilities;
  if (formats.includes('image/pwg-raster') && raster !== undefined) {
    const isColor = raster.types.includes('srgb_8') && capabilities.isColor !== false;
    return {
      format: 'image/pwg-raster',
      dpi: chooseResolution(raster.resolutions),
      isColor,
      sheetBack: sheetBackOf(raster.sheetBack),
    };
  }
  if (!formats.includes('image/jpeg')) return undefined;
  return {
    format: 'image/jpeg',
    dpi: { x: WANTED_DPI, y: WANTED_DPI },
    isColor: capabilities.isColor !== false,
    sheetBack: 'normal',
  };
}

function chooseResolution(resolutions: readonly { readonly x: number; readonly y: number }[]): PageDrawing['dpi'] {
  const distance = ({ x, y }: { readonly x: number; readonly y: number }): number =>
    Math.abs(x - WANTED_DPI) + Math.abs(y - WANTED_DPI);
  return (
    [...resolutions].sort((left, right) => distance(left) - distance(right))[0] ?? { x: WANTED_DPI, y: WANTED_DPI }
  );
}

function sheetBackOf(word: string | null): PageDrawing['sheetBack'] {
  return word === 'rotated' || word === 'manual-tumble' || word === 'flipped' ? word : 'normal';
}
