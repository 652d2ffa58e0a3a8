/** How a job is to be printed: what its printers can be asked for, and the change of it while the job waits. */
import { PlatenError } from '../../base/errors.ts';
import { recordAll } from '../../journal/journal.ts';
import type { Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { type Job, type JobOptions, mergeOptions, type OptionsChange } from '../job.ts';
import { ignoredOptionsOf } from '../preparation/cut.ts';
import { listPlaces } from '../release/places.ts';
import { lockJob, readJob } from '../rows.ts';

type Value<name extends keyof JobOptions> = NonNullable<JobOptions[name]>;

/** What at least one of the printers can do that the job may go to. */
export type Choices = {
  /** The most that may be asked for; none where more than one cannot be. */
  readonly copies: number | null;
  readonly sides: readonly Value<'sides'>[];
  readonly color: readonly Value<'color'>[];
  readonly media: readonly string[];
  /** Some pages instead of all of them. */
  readonly pageRanges: boolean;
  readonly finishings: readonly Value<'finishings'>[number][];
};

const SIDES = ['one-sided', 'two-sided-long-edge', 'two-sided-short-edge'] as const;
const COLORS = ['color', 'monochrome'] as const;
const FINISHINGS = ['staple', 'punch'] as const;
/** A printer tells of some dozens; those that tell more mean every size that there could be. */
const MOST_MEDIA = 300;
/** Of a document whose pages are not counted yet. */
const MOST_PAGES = 100_000;

export async function listChoices(context: Context, job: Job): Promise<Choices> {
  const printers = await listWhereToGo(context, job);
  const can = (options: JobOptions) => printers.some((printer) => isPossible(printer, job, options));
  const media = printers.flatMap(({ capabilities }) => capabilities?.media.supported ?? []);
  const most = printers.map(({ capabilities }) => capabilities?.copies?.max ?? 1);
  return {
    copies: can({ copies: 2 }) ? Math.max(2, ...most) : null,
    sides: can({ sides: 'two-sided-long-edge' }) ? SIDES.filter((sides) => can({ sides })) : [],
    // One that has no color prints in black and white anyway.
    color: printers.some(({ capabilities }) => capabilities?.isColor === true)
      ? COLORS.filter((color) => can({ color }))
      : [],
    media: [...new Set(media)].slice(0, MOST_MEDIA),
    pageRanges: job.pages !== 1 && can({ pageRanges: [{ from: 1, to: 1 }] }),
    finishings: FINISHINGS.filter((finishing) => can({ finishings: [finishing] })),
  };
}

/** The printer that has it on its list, or those of its queue. */
async function listWhereToGo(context: Context, job: Job): Promise<readonly Printer[]> {
  const places = await listPlaces(context, job);
  if (job.state !== 'pending' || job.printerId === null) return places;
  return places.filter(({ id }) => id === job.printerId);
}

const isPossible = (printer: Printer, job: Job, options: JobOptions) =>
  impossibleAt(printer, job, options).length === 0;

/** As it will be once it is prepared: pages can be taken out of it then, whatever the printer can do. */
const impossibleAt = (printer: Printer, job: Job, options: JobOptions) =>
  ignoredOptionsOf(printer, { ...job, options, documentFormat: 'application/pdf', pages: job.pages ?? MOST_PAGES });

/**
 * Changes the options of a job that has not started. Throws `not-found`, `job-state-conflict` once it is at its printer,
 * and `options-impossible` for what none of the printers can do that it may go to.
 */
export async function changeJobOptions(
  context: Context,
  id: string,
  ask: { readonly actor: string; readonly ownerId?: string | undefined; readonly options: OptionsChange },
): Promise<Job> {
  return await transaction(context, async (context) => {
    const job = await lockJob(context, id, ask.ownerId);
    if (job.state !== 'pending-held' && job.state !== 'pending') {
      throw new PlatenError('job-state-conflict', `the options of a job that is ${job.state} cannot be changed`, {
        values: { from: job.state, to: 'pending' },
      });
    }
    await checkPossible(context, job, mergeOptions({}, ask.options));
    const options = await setOptions(context, job, ask.options);
    await recordAll(context, [
      { type: 'job-changed', subjectId: id, ownerId: job.ownerId, actor: ask.actor, data: { options } },
    ]);
    return await readJob(context, id);
  });
}

/** Printers that have never told what they can do may do anything. */
async function checkPossible(context: Context, job: Job, options: JobOptions): Promise<void> {
  const printers = await listWhereToGo(context, job);
  if (printers.length === 0 || printers.some(({ capabilities }) => capabilities === null)) return;
  const [first = [], ...others] = printers.map((printer) => impossibleAt(printer, job, options));
  const impossible = first.filter((attribute) => others.every((ignored) => ignored.includes(attribute)));
  if (impossible.length === 0) return;
  const detail = `no printer that job ${job.number} may go to can do: ${impossible.join(', ')}`;
  throw new PlatenError('options-impossible', detail);
}

/** In the caller's transaction, which has locked the job. */
export async function setOptions(context: Context, job: Job, change: OptionsChange): Promise<JobOptions> {
  const options = mergeOptions(job.options, change);
  await context.db
    .updateTable('jobs')
    .set({ options: JSON.stringify(options) })
    .where('id', '=', job.id)
    .execute();
  return options;
}
