/** How pages must be drawn for a printer that takes no PDF, from what it says of itself. */
import { ippOperations } from '../protocols/ipp/states.ts';
import type { PrinterCapabilities } from './printer.ts';

type Dpi = { readonly x: number; readonly y: number };

export type PageDrawing = {
  readonly format: 'image/pwg-raster' | 'image/urf' | 'image/jpeg';
  readonly dpi: Dpi;
  /** What it has below that, the finest first, for pages that would be too large; any will do for a picture. */
  readonly coarser?: readonly Dpi[];
  readonly isColor: boolean;
  /** It takes pictures without color; one that does not gets all of them in color. */
  readonly takesGray: boolean;
  /** `flipped` cannot be drawn: such a printer prints one side. */
  readonly sheetBack: 'normal' | 'rotated' | 'manual-tumble' | 'flipped';
  /** How several pages go to it: in one file, as documents of one job, or each as a job of its own. */
  readonly pages: 'file' | 'documents' | 'jobs';
  /** multiple-document-handling to ask for, where the printer has one that keeps copies together. */
  readonly handling?: DocumentHandling;
  /** The largest file that it takes. */
  readonly maxBytes?: number;
};

/** RFC 8011 section 5.2.4. The first is the only one that prints on both sides of a sheet and staples all of them. */
const HANDLINGS = ['single-document', 'separate-documents-collated-copies', 'single-document-new-sheet'] as const;
export type DocumentHandling = (typeof HANDLINGS)[number];

// More is slower to send than it is better to read; less is what old printers offer.
const WANTED_DPI = 300;
/** Pages are drawn no finer, even where the printer has nothing less: a page would be more than 100 MB to work on. */
const MOST_DPI = 720;
const LEAST_DPI = 72;

/** What a printer gets: the document, pictures of all its pages in one job, one page at a time, or nothing that it takes. */
export const TAKEN = ['document', 'pages', 'single-pages', 'nothing'] as const;

export function findTaken(capabilities: PrinterCapabilities): (typeof TAKEN)[number] {
  if (capabilities.formats.includes('application/pdf')) return 'document';
  const drawing = findDrawing(capabilities);
  if (drawing === undefined) return 'nothing';
  return drawing.pages === 'jobs' ? 'single-pages' : 'pages';
}

/** `media` is that of the document, for printers that take pictures up to a size only. */
export function findDrawing(capabilities: PrinterCapabilities, media: string | null = null): PageDrawing | undefined {
  const { formats, raster } = capabilities;
  if (formats.includes('image/pwg-raster') && raster !== undefined) {
    const isColor = raster.types.includes('srgb_8') && capabilities.isColor !== false;
    return {
      format: 'image/pwg-raster',
      ...resolutionsOf(raster.resolutions),
      isColor,
      takesGray: raster.types.length === 0 || raster.types.includes('sgray_8'),
      sheetBack: sheetBackOf(raster.sheetBack),
      pages: 'file',
    };
  }
  if (formats.includes('image/urf') && capabilities.urf !== undefined) return drawApple(capabilities, capabilities.urf);
  return formats.includes('image/jpeg') ? drawPhotos(capabilities, media) : undefined;
}

/**
 * Apple raster, of which the printer tells in words: RS and its resolutions, SRGB24 and W8 for its colors of 8 bits, DM and a
 * figure for the back of a sheet, if it prints on that.
 */
function drawApple(capabilities: PrinterCapabilities, urf: readonly string[]): PageDrawing {
  const words = urf.map((word) => word.toUpperCase());
  const resolutions = words
    .filter((word) => /^RS\d{2,4}(-\d{2,4})*$/.test(word))
    .flatMap((word) => word.slice(2).split('-').map(Number))
    .map((dpi) => ({ x: dpi, y: dpi }));
  const isColor = words.includes('SRGB24') && capabilities.isColor !== false;
  const back = words.find((word) => /^DM[1-4]$/.test(word)) ?? 'DM1';
  return {
    format: 'image/urf',
    ...resolutionsOf(resolutions),
    isColor,
    takesGray: words.includes('W8') || !isColor,
    sheetBack: SHEET_BACKS[Number(back.slice(2)) - 1] ?? 'normal',
    pages: 'file',
  };
}

const SHEET_BACKS = ['normal', 'flipped', 'rotated', 'manual-tumble'] as const;

function drawPhotos(capabilities: PrinterCapabilities, media: string | null): PageDrawing {
  const { resolutions = [], jpeg = {}, operations } = capabilities;
  const isInSteps = [ippOperations['Create-Job'], ippOperations['Send-Document']].every((one) =>
    operations.includes(one),
  );
  const documentHandlings = isInSteps ? capabilities.documentHandlings : undefined;
  const handling = HANDLINGS.find((handling) => documentHandlings?.includes(handling));
  return {
    format: 'image/jpeg',
    dpi: fitInto(jpeg, media ?? capabilities.media.default, chooseResolution(resolutions)),
    isColor: capabilities.isColor !== false,
    takesGray: true,
    sheetBack: 'normal',
    pages: documentHandlings === undefined ? 'jobs' : 'documents',
    ...(handling === undefined ? {} : { handling }),
    ...(jpeg.kOctets === undefined ? {} : { maxBytes: jpeg.kOctets * 1024 }),
  };
}

function chooseResolution(resolutions: readonly Dpi[]): Dpi {
  const distance = ({ x, y }: Dpi): number => Math.abs(x - WANTED_DPI) + Math.abs(y - WANTED_DPI);
  return (
    [...resolutions].sort((left, right) => distance(left) - distance(right))[0] ?? { x: WANTED_DPI, y: WANTED_DPI }
  );
}

function resolutionsOf(all: readonly Dpi[]): Pick<PageDrawing, 'dpi' | 'coarser'> {
  const dpi = chooseResolution(all);
  const dots = ({ x, y }: Dpi): number => x * y;
  const coarser = all.filter((one) => dots(one) < dots(dpi)).sort((left, right) => dots(right) - dots(left));
  return coarser.length === 0 ? { dpi } : { dpi, coarser };
}

/** A picture is scaled to the sheet by the printer, so that any resolution will do; both ways have to have the same. */
function fitInto(bounds: NonNullable<PrinterCapabilities['jpeg']>, media: string | null, { x, y }: Dpi): Dpi {
  const inches = inchesOf(media);
  const within = (bound: number | undefined, length: number) =>
    Math.floor((bound ?? Number.POSITIVE_INFINITY) / length);
  const most = Math.min(within(bounds.x, inches.width), within(bounds.y, inches.height), MOST_DPI, Math.min(x, y));
  const dpi = Math.max(most, LEAST_DPI);
  return { x: dpi, y: dpi };
}

const A4 = { width: 210 / 25.4, height: 297 / 25.4 };

/** PWG 5101.1 section 5: the name of a medium ends with its size. */
function inchesOf(media: string | null): typeof A4 {
  const [, width, height, unit] = /_(\d{1,5}(?:\.\d{1,4})?)x(\d{1,5}(?:\.\d{1,4})?)(mm|in)$/.exec(media ?? '') ?? [];
  const perInch = unit === 'in' ? 1 : 25.4;
  const size = { width: Number(width) / perInch, height: Number(height) / perInch };
  return size.width > 0 && size.height > 0 ? size : A4;
}

function sheetBackOf(word: string | null): PageDrawing['sheetBack'] {
  return word === 'rotated' || word === 'manual-tumble' || word === 'flipped' ? word : 'normal';
}
