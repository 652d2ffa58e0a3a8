/**
 * Draws a prepared document for a printer that takes no PDF, just before it is sent. What was drawn has no row: it is
 * thrown away after it was sent, and after a crash it is an orphan that the spool sweeps.
 */
import { PlatenError } from '../../base/errors.ts';
import { type PageSpan, type RasterWish, type Refusal, rasterize } from '../../conversion/conversion.ts';
import type { PageDrawing } from '../../printers/printers.ts';
import { pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Job } from '../job.ts';
import type { Run } from '../printing/outcome.ts';
import { type Unwanted, watchDrawing } from './drawing.ts';
import { joinPages, keepPages } from './drawn-pages.ts';

export type Drawn = {
  readonly kind: 'drawn';
  /** All pages in one, or one for each page from `from` on. */
  readonly files: readonly SpoolFile[];
  readonly from: number;
  /** How many pages the document has, whether they are drawn yet or not. */
  readonly pages: number;
  readonly wish: RasterWish;
  readonly drawing: PageDrawing;
};

/** A printer that takes no picture of a page as small as this takes none that could be read. */
const LEAST_DPI = 72;
/** Of pages that are jobs of their own so many are drawn ahead: however long a document is, no more are on the disk. */
export const PAGES_AHEAD = 20;

/** Draws all of a document, or, where each page is a job of its own, some pages with the one that is due. */
export async function drawFor(
  run: Run,
  job: Job,
  { drawing, page = 1 }: { readonly drawing: PageDrawing | undefined; readonly page?: number },
): Promise<Drawn | Refusal | Unwanted> {
  const { printer } = run;
  if (drawing === undefined) {
    const detail = `the printer ${printer.name} takes neither PDF nor pictures of pages`;
    return { kind: 'refused', reason: 'document-unsupported', detail };
  }
  if (job.pages === null) return { kind: 'refused', reason: 'conversion-failed', detail: 'its pages are not counted' };
  const { format, dpi, sheetBack } = drawing;
  const sides = job.options.sides ?? 'one-sided';
  const isGray = job.options.color === 'monochrome' || job.isColor === false;
  const wish: RasterWish = {
    format,
    dpi,
    isColor: drawing.isColor && !(isGray && drawing.takesGray),
    sides: sheetBack === 'flipped' ? 'one-sided' : sides,
    sheetBack: sheetBack === 'flipped' ? 'normal' : sheetBack,
  };
  return await drawWithin(run, job, { drawing, wish, span: spanOf(job.pages, drawing, page) });
}

function spanOf(last: number, drawing: PageDrawing, page: number): PageSpan {
  if (drawing.pages !== 'jobs') return { from: 1, to: last };
  const from = page - ((page - 1) % PAGES_AHEAD);
  return { from, to: Math.min(last, from + PAGES_AHEAD - 1) };
}

type Plan = { readonly drawing: PageDrawing; readonly wish: RasterWish; readonly span: PageSpan };

/** Draws coarser where the printer, or the disk, takes no files as large as these. */
async function drawWithin(run: Run, job: Job, plan: Plan): Promise<Drawn | Refusal | Unwanted> {
  const { drawing, wish, span } = plan;
  const files = await draw(run, job, plan);
  if (files === 'too large') {
    const dpi = coarserThan(wish, drawing);
    if (dpi !== undefined) return await drawWithin(run, job, { ...plan, wish: { ...wish, dpi } });
    const detail = `the pictures of its pages are larger than ${run.printer.name} or the disk takes`;
    return { kind: 'refused', reason: 'conversion-too-large', detail };
  }
  if ('kind' in files) return files;
  return { kind: 'drawn', files, from: span.from, pages: job.pages ?? 0, wish, drawing };
}

/** A picture is scaled by the printer; pages in a format of pages have a resolution that it has. */
function coarserThan(
  { format, dpi: { x, y } }: RasterWish,
  { coarser = [] }: PageDrawing,
): RasterWish['dpi'] | undefined {
  if (format !== 'image/jpeg') return coarser.find((one) => one.x * one.y < x * y);
  const half = { x: Math.floor(x / 2), y: Math.floor(y / 2) };
  return Math.min(half.x, half.y) < LEAST_DPI ? undefined : half;
}

async function draw(
  run: Run,
  job: Job,
  { drawing, wish, span }: Plan,
): Promise<readonly SpoolFile[] | 'too large' | Refusal | Unwanted> {
  const { context, lease } = run;
  const keeping = drawing.pages === 'file' ? joinPages(context, wish.format) : keepPages(context, wish.format, drawing);
  const watching = watchDrawing(run, job, () => keeping.count());
  try {
    const what = { path: pathOf(context, job.documentId ?? ''), span, wish };
    const done = await rasterize(context, what, (page) => keeping.add(page), watching.signal);
    if (done.kind === 'rasterized') return await keeping.finish();
    await keeping.drop();
    return done;
  } catch (error) {
    await keeping.drop();
    if (lease.signal.aborted) throw error;
    if (watching.signal.aborted) return { kind: 'unwanted' };
    if (!(error instanceof PlatenError)) throw error;
    if (error.code === 'document-too-large') return 'too large';
    if (error.status !== 422) throw error;
    return { kind: 'refused', reason: 'conversion-failed', detail: `its pages could not be drawn: ${error.message}` };
  } finally {
    await watching.end();
  }
}

/** The job as it goes to the printer with this file, which may be one page of many. */
export function sentAs(job: Job, { wish }: Pick<Drawn, 'wish'>, file: SpoolFile | undefined): Job {
  const options = job.options.sides === undefined ? job.options : { ...job.options, sides: wish.sides };
  const sent = { id: file?.id ?? null, bytes: file?.bytes ?? 0 };
  return { ...job, options, documentId: sent.id, documentBytes: sent.bytes, documentFormat: wish.format };
}
