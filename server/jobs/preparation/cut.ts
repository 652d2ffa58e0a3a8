/**
 * Which pages of a document are printed, and a document of those alone for a printer that prints whole documents only.
 * Like a drawn one it has no row: it is thrown away after it was sent.
 */

import { PlatenError } from '../../base/errors.ts';
import { cutPages, type Refusal } from '../../conversion/conversion.ts';
import { describePrinterJobSupport, findIgnoredOptions, joinRanges, type Printer } from '../../printers/printers.ts';
import { keep, pathOf, type SpoolFile } from '../../spool/spool.ts';
import { type Job, mergeOptions } from '../job.ts';
import type { Run } from '../printing/outcome.ts';

export type Cut = { readonly kind: 'cut'; readonly file: SpoolFile; readonly pages: number };

const PDF = 'application/pdf';
const MAX_CUT_BYTES = 200 * 1024 * 1024;

type Wanted = {
  /** Ascending and within the document; empty for all of it. */
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  /** Some of the pages that were wished for do not exist. */
  readonly isBeyond: boolean;
};

export function wantedPages({ options, pages }: Pick<Job, 'options' | 'pages'>): Wanted {
  const asked = options.pageRanges ?? [];
  if (pages === null) return { ranges: joinRanges(asked), isBeyond: false };
  const inside = asked.filter(({ from }) => from <= pages);
  const ranges = joinRanges(inside.map(({ from, to }) => ({ from, to: Math.min(to, pages) })));
  const isAll = ranges[0]?.from === 1 && ranges[0].to === pages;
  return { ranges: isAll ? [] : ranges, isBeyond: inside.length < asked.length };
}

/** A job, or one that there may be. */
type Asked = Pick<Job, 'options' | 'pages' | 'documentFormat'>;

/** Does the printer need a document of these pages alone? Pictures of pages are made of nothing but what is wished for. */
export function needsCut(printer: Printer, job: Asked): boolean {
  if (job.documentFormat !== PDF || job.pages === null || wantedPages(job).ranges.length === 0) return false;
  const { acceptsPdf, takesPageRanges } = describePrinterJobSupport(printer);
  return !acceptsPdf || !takesPageRanges;
}

/** Attributes that were wished for and that neither the printer nor Platen fulfils. */
export function ignoredOptionsOf(printer: Printer, job: Asked): readonly string[] {
  const byPrinter = findIgnoredOptions(
    printer,
    needsCut(printer, job) ? withPages(job, []).options : asWanted(job).options,
  );
  const isBeyond = wantedPages(job).isBeyond;
  const all = new Set([...byPrinter, ...loosePagesIgnore(printer, job), ...(isBeyond ? ['page-ranges'] : [])]);
  if (makesCopies(printer, job)) all.delete('copies');
  return [...all];
}

/** Pages that go to the printer apart are printed on sheets of their own, and not bound. */
function loosePagesIgnore(printer: Printer, job: Asked): readonly string[] {
  if (!goesInPages(printer, job) || describePrinterJobSupport(printer).drawing?.handling === 'single-document')
    return [];
  const isTwoSided = (job.options.sides ?? 'one-sided') !== 'one-sided';
  const isBound = (job.options.finishings ?? []).length > 0;
  return [...(isTwoSided ? ['sides'] : []), ...(isBound ? ['finishings'] : [])];
}

function goesInPages(printer: Printer, job: Asked): boolean {
  const { acceptsPdf, drawing } = describePrinterJobSupport(printer);
  if (acceptsPdf || job.documentFormat !== PDF || drawing === undefined) return false;
  return drawing.pages !== 'file' && countWanted(job) > 1;
}

/** Does Platen send the pages once for each copy, because the printer would mix them up or makes none? */
export function makesCopies(printer: Printer, job: Asked): boolean {
  if (!goesInPages(printer, job)) return false;
  const { drawing } = describePrinterJobSupport(printer);
  if (drawing?.pages === 'jobs' || drawing?.handling === undefined) return true;
  return findIgnoredOptions(printer, { copies: job.options.copies }).includes('copies');
}

/** How many pages go to the printer. */
function countWanted(job: Asked): number {
  const { ranges } = wantedPages(job);
  if (ranges.length === 0) return job.pages ?? 1;
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

/** The job without ranges that its document does not reach. */
export function asWanted<J extends Asked>(job: J): J {
  const { ranges, isBeyond } = wantedPages(job);
  return isBeyond ? withPages(job, ranges) : job;
}

/** The job as it goes to a printer that gets the cut document. */
export function cutAs(job: Job, { file, pages }: Cut): Job {
  return { ...withPages(job, []), documentId: file.id, documentBytes: file.bytes, pages };
}

function withPages<J extends Asked>(job: J, ranges: Wanted['ranges']): J {
  return { ...job, options: mergeOptions(job.options, { pageRanges: ranges.length === 0 ? null : ranges }) };
}

export async function cutFor({ context, lease }: Run, job: Job): Promise<Cut | Refusal> {
  const { ranges } = wantedPages(job);
  try {
    return await cutPages(
      context,
      { path: pathOf(context, job.documentId ?? ''), ranges },
      async (file): Promise<Cut> => ({
        kind: 'cut',
        file: await keep(context, file.createReadStream({ autoClose: false }), {
          mediaType: PDF,
          maxBytes: MAX_CUT_BYTES,
        }),
        pages: countWanted(job),
      }),
      lease.signal,
    );
  } catch (error) {
    if (lease.signal.aborted || !(error instanceof PlatenError) || error.status !== 422) throw error;
    return {
      kind: 'refused',
      reason: 'conversion-failed',
      detail: `its pages could not be taken out: ${error.message}`,
    };
  }
}
