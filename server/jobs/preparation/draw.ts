/**
 * Draws a prepared document for a printer that takes no PDF, just before it is sent. What was drawn has no row: it is
 * thrown away after it was sent, and after a crash it is an orphan that the spool sweeps.
 */
import { PlatenError } from '../../base/errors.ts';
import { type RasterWish, type Refusal, rasterize } from '../../conversion/conversion.ts';
import type { PageDrawing } from '../../printers/printers.ts';
import { keep, pathOf, type SpoolFile } from '../../spool/spool.ts';
import type { Job } from '../job.ts';
import type { Run } from '../printing/outcome.ts';

export type Drawn = { readonly kind: 'drawn'; readonly file: SpoolFile; readonly wish: RasterWish };

const MAX_DRAWN_BYTES = 200 * 1024 * 1024;

export async function drawFor(run: Run, job: Job, drawing: PageDrawing | undefined): Promise<Drawn | Refusal> {
  const { context, lease, printer } = run;
  if (drawing === undefined) {
    const detail = `the printer ${printer.name} takes neither PDF nor pictures of pages`;
    return { kind: 'refused', reason: 'document-unsupported', detail };
  }
  const { format, dpi, sheetBack } = drawing;
  const sides = job.options.sides ?? 'one-sided';
  const wish: RasterWish = {
    format,
    dpi,
    isColor: drawing.isColor && job.options.color !== 'monochrome' && job.isColor !== false,
    sides: sheetBack === 'flipped' ? 'one-sided' : sides,
    sheetBack: sheetBack === 'flipped' ? 'normal' : sheetBack,
  };
  const document = { path: pathOf(context, job.documentId ?? ''), pages: job.pages ?? 0, wish };
  try {
    return await rasterize(
      context,
      document,
      async (file): Promise<Drawn> => {
        const source = file.createReadStream({ autoClose: false });
        return {
          kind: 'drawn',
          wish,
          file: await keep(context, source, { mediaType: format, maxBytes: MAX_DRAWN_BYTES }),
        };
      },
      lease.signal,
    );
  } catch (error) {
    if (lease.signal.aborted || !(error instanceof PlatenError) || error.status !== 422) throw error;
    return { kind: 'refused', reason: 'conversion-failed', detail: `its pages could not be drawn: ${error.message}` };
  }
}

/** The job as it goes to the printer. */
export function sentAs(job: Job, { file, wish }: Drawn): Job {
  const options = job.options.sides === undefined ? job.options : { ...job.options, sides: wish.sides };
  return { ...job, options, documentId: file.id, documentBytes: file.bytes, documentFormat: wish.format };
}
