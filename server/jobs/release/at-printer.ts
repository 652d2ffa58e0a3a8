/** The release page behind the QR code of a printer: which held jobs it can print, and their release there. */
import { PlatenError } from '../../base/errors.ts';
import { describePrinterJobSupport, getPrinter, type Printer } from '../../printers/printers.ts';
import type { Context } from '../../store/database.ts';
import { transaction } from '../../store/transaction.ts';
import { countPinGuess, forgivePinGuess } from '../../users/users.ts';
import { type Job, SENDER_UNCONFIRMED } from '../job.ts';
import { releaseJob } from '../jobs.ts';
import { toJob } from '../rows.ts';
import { digestPin } from './keys.ts';

/** More than anybody scrolls through at a printer. */
export const MAX_AT_ONCE = 100;

/** Who stands at the printer: somebody who is signed in, or somebody with a PIN. */
export type AtPrinter = { readonly ownerId: string } | { readonly pin: string; readonly remoteAddress: string };

export type NotReleased = { readonly id: string; readonly error: PlatenError };
export type ReleasedAtPrinter = { readonly released: readonly Job[]; readonly refused: readonly NotReleased[] };

/** The held jobs of an owner that this printer can print, oldest first. */
export async function listReleasable(context: Context, printer: Printer, ownerId: string): Promise<Job[]> {
  return await findHeld(context, printer, { column: 'owner_id', value: ownerId });
}

/**
 * Releases jobs to this printer: those that are named, or all that it can print. One that cannot go does not keep the
 * others. Throws `not-found` for the printer, `release-pin-unknown` and `too-many-attempts`.
 */
export async function releaseAtPrinter(
  context: Context,
  printerId: string,
  ask: { readonly who: AtPrinter; readonly jobIds: readonly string[] | undefined },
): Promise<ReleasedAtPrinter> {
  const printer = await getPrinter(context, printerId);
  const found =
    'pin' in ask.who
      ? await findByPin(context, printer, ask.who)
      : await listReleasable(context, printer, ask.who.ownerId);
  const wanted = ask.jobIds === undefined ? found : found.filter(({ id }) => ask.jobIds?.includes(id));
  const released: Job[] = [];
  const refused: NotReleased[] = [];
  for (const id of ask.jobIds ?? []) {
    if (found.some((job) => job.id === id)) continue;
    refused.push({ id, error: new PlatenError('not-found', 'this printer has no such held job to print') });
  }
  const via = 'pin' in ask.who ? 'pin' : 'printer';
  for (const { id, ownerId } of wanted) {
    try {
      released.push(await releaseJob(context, id, { actor: ownerId, ownerId, printerId, via }));
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
  await countPinGuess(context, printer.id, remoteAddress);
  return await transaction(context, async (context) => {
    const found = await findHeld(context, printer, { column: 'release_pin', value: digestPin(context, pin) });
    if (found.length === 0) throw new PlatenError('release-pin-unknown', 'no held job has this PIN here');
    await forgivePinGuess(context, printer.id, remoteAddress);
    return found;
  });
}

async function findHeld(
  context: Context,
  printer: Printer,
  by: { readonly column: 'owner_id' | 'release_pin'; readonly value: string },
): Promise<Job[]> {
  const { acceptsPdf, drawing } = describePrinterJobSupport(printer);
  // A printer that has never answered may do it: what it can is seen when it prints.
  if (printer.capabilities !== null && !acceptsPdf && drawing === undefined) return [];
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
