/**
 * Draws a prepared document for a printer that takes no PDF, just before it is sent. What was drawn has no row: it is
 * thrown away after it was sent, and after a crash it is an orphan that the spool sweeps.
 */
import { PlatenError } from '../../base/errors.ts';
import { type RasterWish, type Refusal, rasterize } from '../../conversion/conversion.ts';
import type { PageDrawing } from '../../printers/printers.ts';
import { discard, keep, pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Job } from '../job.ts';
import type { Run } from '../printing/outcome.ts';

export type Drawn = {
  readonly kind: 'drawn';
  /** One, or one for each page. */
  readonly files: readonly SpoolFile[];
  readonly wish: RasterWish;
  readonly drawing: PageDrawing;
};

const MAX_DRAWN_BYTES = 200 * 1024 * 1024;
/** A printer that takes no picture of a page as small as this takes none that could be read. */
const LEAST_DPI = 72;

export async function drawFor(run: Run, job: Job, drawing: PageDrawing | undefined): Promise<Drawn | Refusal> {
  const { printer } = run;
  if (drawing === undefined) {
    const detail = `the printer ${printer.name} takes neither PDF nor pictures of pages`;
    return { kind: 'refused', reason: 'document-unsupported', detail };
  }
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
  return await drawWithin(run, job, { drawing, wish });
}

/** Draws coarser where the printer says that it takes no files as large as these. */
async function drawWithin(
  run: Run,
  job: Job,
  { drawing, wish }: { readonly drawing: PageDrawing; readonly wish: RasterWish },
): Promise<Drawn | Refusal> {
  const files = await draw(run, job, wish);
  if (!Array.isArray(files)) return files as Refusal;
  const { maxBytes = Number.POSITIVE_INFINITY } = drawing;
  if (files.every(({ bytes }) => bytes <= maxBytes)) return { kind: 'drawn', files, wish, drawing };
  await discard(run.context, files);
  const dpi = { x: Math.floor(wish.dpi.x / 2), y: Math.floor(wish.dpi.y / 2) };
  if (Math.min(dpi.x, dpi.y) < LEAST_DPI) {
    const detail = `the printer ${run.printer.name} takes no pictures as large as these pages`;
    return { kind: 'refused', reason: 'conversion-too-large', detail };
  }
  return await drawWithin(run, job, { drawing, wish: { ...wish, dpi } });
}

async function draw({ context, lease }: Run, job: Job, wish: RasterWish): Promise<readonly SpoolFile[] | Refusal> {
  const document = { path: pathOf(context, job.documentId ?? ''), pages: job.pages ?? 0, wish };
  const kept: SpoolFile[] = [];
  try {
    const done = await rasterize(
      context,
      document,
      async (file) => {
        const source = file.createReadStream({ autoClose: false });
        kept.push(await keep(context, source, { mediaType: wish.format, maxBytes: MAX_DRAWN_BYTES }));
      },
      lease.signal,
    );
    if (done.kind === 'rasterized') return kept;
    await discard(context, kept);
    return done;
  } catch (error) {
    await discard(context, kept);
    if (lease.signal.aborted || !(error instanceof PlatenError) || error.status !== 422) throw error;
    return { kind: 'refused', reason: 'conversion-failed', detail: `its pages could not be drawn: ${error.message}` };
  }
}

/** The job as it goes to the printer with this file, which may be one page of many. */
export function sentAs(job: Job, { wish }: Pick<Drawn, 'wish'>, file: SpoolFile | undefined): Job {
  const options = job.options.sides === undefined ? job.options : { ...job.options, sides: wish.sides };
  const sent = { id: file?.id ?? null, bytes: file?.bytes ?? 0 };
  return { ...job, options, documentId: sent.id, documentBytes: sent.bytes, documentFormat: wish.format };
}
