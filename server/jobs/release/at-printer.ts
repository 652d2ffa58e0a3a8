/** The release page behind the QR code of a printer: which held jobs it can print, their release there, and what became of it. */
import { MINUTE_MS } from '../../base/clock.ts';
import { PlatenError } from '../../base/errors.ts';
import { getPrinter, type Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { countPinGuess, forgivePinGuess } from '../../users/users.ts';
import { type Job, type OptionsChange, SENDER_UNCONFIRMED } from '../job.ts';
import { releaseJob } from '../jobs.ts';
import { toJob } from '../rows.ts';
import { digestPin } from './keys.ts';
import { canPrint } from './places.ts';

/** More than anybody scrolls through at a printer. */
export const MAX_AT_ONCE = 100;
/** For as long somebody may still stand there and look for the pages. */
const LATELY_MS = 10 * MINUTE_MS;

/** Who stands at the printer: somebody who is signed in, or somebody with a PIN. */
export type AtPrinter = { readonly ownerId: string } | { readonly pin: string; readonly remoteAddress: string };

export type NotReleased = { readonly id: string; readonly error: PlatenError };
export type ReleasedAtPrinter = { readonly released: readonly Job[]; readonly refused: readonly NotReleased[] };

/** The held jobs of an owner that this printer can print, oldest first. */
export async function listReleasable(context: Context, printer: Printer, ownerId: string): Promise<Job[]> {
  return await findHeld(context, printer, { column: 'owner_id', value: ownerId });
}

/** The jobs of an owner that this printer has been given: those that have not ended, and those that ended lately. */
export async function listGiven(context: Context, printer: Printer, ownerId: string): Promise<Job[]> {
  const lately = new Date(context.clock.now().getTime() - LATELY_MS);
  const rows = await context.db
    .selectFrom('jobs')
    .selectAll()
    .where('owner_id', '=', ownerId)
    .where('printer_id', '=', printer.id)
    .where('state', '<>', 'pending-held')
    .where((where) => where.or([where('ended_at', 'is', null), where('ended_at', '>', lately)]))
    .orderBy('id', 'desc')
    .limit(MAX_AT_ONCE)
    .execute();
  return rows.map(toJob).reverse();
}

/** What this printer puts a document on when it is not the paper that the document was made for. */
export function otherPaperOf(printer: Printer, { media, options }: Pick<Job, 'media' | 'options'>): string | null {
  const paper = printer.capabilities?.media;
  if (media === null || paper === undefined) return null;
  const asked = options.media !== undefined && paper.supported.includes(options.media) ? options.media : paper.default;
  return asked === media ? null : asked;
}

/** How many pages come out, with all copies; none where that is not known before. */
export function pagesToPrint({ pages, options }: Pick<Job, 'pages' | 'options'>): number | null {
  if (pages === null) return null;
  const ranges = options.pageRanges ?? [{ from: 1, to: pages }];
  const chosen = new Set(
    ranges.flatMap(({ from, to }) =>
      Array.from({ length: Math.max(0, Math.min(to, pages) - from + 1) }, (_, index) => from + index),
    ),
  );
  return chosen.size * (options.copies ?? 1);
}

export type ReleaseAsk = {
  readonly who: AtPrinter;
  /** Those alone; all that it can print when they are left out. */
  readonly jobIds: readonly string[] | undefined;
  readonly options?: OptionsChange | undefined;
};

/**
 * Releases jobs to this printer: those that are named, or all that it can print. One that cannot go does not keep the
 * others. Throws `not-found` for the printer, `release-pin-unknown` and `too-many-pins`.
 */
export async function releaseAtPrinter(
  context: Context,
  printerId: string,
  { who, jobIds, options }: ReleaseAsk,
): Promise<ReleasedAtPrinter> {
  const printer = await getPrinter(context, printerId);
  const found =
    'pin' in who ? await findByPin(context, printer, who) : await listReleasable(context, printer, who.ownerId);
  const wanted = jobIds === undefined ? found : found.filter(({ id }) => jobIds.includes(id));
  const released: Job[] = [];
  const refused: NotReleased[] = [];
  for (const id of jobIds ?? []) {
    if (found.some((job) => job.id === id)) continue;
    refused.push({ id, error: new PlatenError('not-found', 'this printer has no such held job to print') });
  }
  const via = 'pin' in who ? 'pin' : 'printer';
  for (const { id, ownerId } of wanted) {
    try {
      released.push(await releaseJob(context, id, { actor: ownerId, ownerId, printerId, options, via }));
    } catch (error) {
      if (!(error instanceof PlatenError)) throw error;
      refused.push({ id, error });
    }
  }
  return { released, refused };
}

async function findByPin(
  context: Context,
  printer: Printer,
  { pin, remoteAddress }: { readonly pin: string; readonly remoteAddress: string },
): Promise<Job[]> {
  const left = await countPinGuess(context, printer.id, remoteAddress);
  return await transaction(context, async (context) => {
    const found = await findHeld(context, printer, { column: 'release_pin', value: digestPin(context, pin) });
    if (found.length === 0) {
      throw new PlatenError('release-pin-unknown', 'no held job has this PIN here', { values: { left } });
    }
    await forgivePinGuess(context, printer.id, remoteAddress);
    return found;
  });
}

async function findHeld(
  context: Context,
  printer: Printer,
  by: { readonly column: 'owner_id' | 'release_pin'; readonly value: string },
): Promise<Job[]> {
  if (!canPrint(printer)) return [];
  const rows = await context.db
    .selectFrom('jobs')
    .innerJoin('queues', 'queues.id', 'jobs.queue_id')
    .selectAll('jobs')
    .where(`jobs.${by.column}`, '=', by.value)
    .where('state', '=', 'pending-held')
    .where((where) => where(where.val(printer.id), '=', where.fn.any('queues.printer_ids')))
    .orderBy('jobs.id')
    .limit(MAX_AT_ONCE)
    .execute();
  return rows.map(toJob).filter((job) => !job.reasons.includes(SENDER_UNCONFIRMED));
}
