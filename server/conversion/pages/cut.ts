/** Some pages of a finished document, for printers that print whole documents only. */
import type { FileHandle } from 'node:fs/promises';
import { PlatenError } from '../../base/errors.ts';
import { type Converter, openResult } from '../converter.ts';
import { conversionLimits } from '../limits.ts';

export type PageRange = { readonly from: number; readonly to: number };

/** Gives the pages of these ranges, which lie within the document, to `use`. Throws the code of what went wrong. */
export async function cutPages<T>(
  converter: Converter,
  { path, ranges }: { readonly path: string; readonly ranges: readonly PageRange[] },
  use: (file: FileHandle) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const script = `qpdf --empty --pages "$IN" "$PAGES" -- --object-streams=disable --deterministic-id --no-warn "$OUT/made.pdf"
status=$?; [ $status -eq 3 ] || exit $status`;
  return await converter.runOn(
    'quick',
    { path, ending: 'pdf', work: { script, variables: { PAGES: wordsOf(ranges) } } },
    async (box) => {
      const file = await openResult(box, 'made.pdf');
      if (file === undefined) throw new PlatenError('conversion-failed', 'the wished pages could not be taken out');
      try {
        return await use(file);
      } finally {
        await file.close();
      }
    },
    signal,
  );
}

/** As qpdf reads them. Numbers alone reach its command line, and no more of them than a document has pages. */
function wordsOf(ranges: readonly PageRange[]): string {
  return ranges
    .slice(0, conversionLimits.pages)
    .map(({ from, to }) => `${Math.trunc(from)}-${Math.trunc(to)}`)
    .join();
}
