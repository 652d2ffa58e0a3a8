/** What became of the jobs of a message, in the words in which its sender is told. */
import { getPrinter } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import type { Problem } from '../../store/schema.ts';
import { type Job, type JobOptions, OUTCOME_UNKNOWN } from '../job.ts';
import { toJob } from '../rows.ts';
import { isEnded } from '../states.ts';

export type JobEnding = {
  readonly messageId: string;
  readonly jobId: string;
  readonly number: number;
  readonly title: string;
  /** `waiting` prints by itself as soon as it can; `uncertain` is paper that may or may not have come out. */
  readonly outcome: 'printed' | 'held' | 'failed' | 'uncertain' | 'canceled' | 'waiting';
  /** Whether it may still change by itself. */
  readonly isOpen: boolean;
  readonly pages: number | null;
  /** The name of the printer that printed it, or that it waits for. */
  readonly printer: string | null;
  readonly heldUntil: Date | null;
  readonly options: JobOptions;
  /** Attributes that were asked for and that its printer could not do. */
  readonly ignoredOptions: readonly string[];
  readonly problem: Problem | null;
};

/** Of all jobs of these messages, in the order in which they were made. */
export async function listEndings(context: Context, messageIds: readonly string[]): Promise<JobEnding[]> {
  if (messageIds.length === 0) return [];
  const rows = await context.db
    .selectFrom('jobs')
    .selectAll()
    .where('message_id', 'in', [...messageIds])
    .orderBy('id')
    .execute();
  const names = new Map<string, string>();
  for (const id of new Set(rows.flatMap(({ printer_id }) => printer_id ?? []))) {
    names.set(id, (await getPrinter(context, id)).name);
  }
  return rows.map(toJob).map((job) => ({
    messageId: job.messageId ?? '',
    jobId: job.id,
    number: job.number,
    title: job.title,
    ...outcomeOf(job),
    pages: job.pages,
    printer: job.printerId === null ? null : (names.get(job.printerId) ?? null),
    heldUntil: job.heldUntil,
    options: job.options,
    ignoredOptions: job.ignoredOptions,
    problem: job.problem,
  }));
}

const ENDINGS = { completed: 'printed', aborted: 'failed', canceled: 'canceled' } as const;

function outcomeOf(job: Job): Pick<JobEnding, 'outcome' | 'isOpen'> {
  if (isEnded(job.state)) return { outcome: ENDINGS[job.state as keyof typeof ENDINGS], isOpen: false };
  if (job.state === 'processing-stopped' && job.reasons.includes(OUTCOME_UNKNOWN)) {
    return { outcome: 'uncertain', isOpen: false };
  }
  if (job.state !== 'pending-held') return { outcome: 'waiting', isOpen: true };
  // Until it is prepared nobody knows how many pages it has, or whether it can be printed at all.
  return { outcome: 'held', isOpen: job.preparation === 'due' || job.preparation === 'printable' };
}
