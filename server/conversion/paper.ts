/** Reads what `pdfinfo` tells of the pages: how many, and which paper they want. */
import { conversionLimits } from './limits.ts';
import { type Refusal, refusal } from './reasons.ts';

export type Paper = { readonly kind: 'paper'; readonly pages: number; readonly media: string };

/** Self-describing media names of PWG 5101.1 with their sizes in points. */
const SIZES: readonly (readonly [string, number, number])[] = [
  ['iso_a4_210x297mm', 595.28, 841.89],
  ['iso_a3_297x420mm', 841.89, 1190.55],
  ['iso_a5_148x210mm', 419.53, 595.28],
  ['iso_a6_105x148mm', 297.64, 419.53],
  ['iso_a2_420x594mm', 1190.55, 1683.78],
  ['iso_b5_176x250mm', 498.9, 708.66],
  ['na_letter_8.5x11in', 612, 792],
  ['na_legal_8.5x14in', 612, 1008],
  ['na_ledger_11x17in', 792, 1224],
];
const TOLERANCE_POINTS = 6;
const POINT_MM = 25.4 / 72;

export function readPaper(words: string): Paper | Refusal {
  const info = words.slice(words.lastIndexOf('PDFINFO'));
  const pages = Number(/^Pages:\s+(\d+)$/m.exec(info)?.[1] ?? 0);
  if (pages < 1) return refusal('document-empty', 'it has no page');
  if (pages > conversionLimits.pages) return refusal('too-many-pages', `it has ${pages} pages`);
  const sizes = [...info.matchAll(/^Page\s+\d+ size:\s+([\d.e+]+) x ([\d.e+]+) pts/gm)].map((match) => ({
    width: Number(match[1]),
    height: Number(match[2]),
  }));
  const first = sizes[0];
  if (first === undefined) return refusal('document-corrupt', 'its pages have no size');
  if (sizes.some(({ width, height }) => !(Math.max(width, height) <= conversionLimits.pagePoints))) {
    return refusal('document-too-complex', 'a page is larger than any paper');
  }
  return { kind: 'paper', pages, media: nameOf(first) };
}

function nameOf({ width, height }: { readonly width: number; readonly height: number }): string {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const isNear = (left: number, right: number): boolean => Math.abs(left - right) <= TOLERANCE_POINTS;
  const known = SIZES.find(([, ofShort, ofLong]) => isNear(short, ofShort) && isNear(long, ofLong));
  if (known !== undefined) return known[0];
  const millimetres = (points: number): number => Math.max(1, Math.round(points * POINT_MM));
  return `custom_${millimetres(short)}x${millimetres(long)}mm_${millimetres(short)}x${millimetres(long)}mm`;
}
